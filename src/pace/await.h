/* The one macro that the task is written with: a stackless coroutine whose resume
 * points have names. AWAIT notes the state, starts an operation and returns; when
 * the operation is over, the task function is called again and goes on behind the
 * AWAIT. So the "next line" is an enum that logs, metrics and a debugger can show.
 *
 * The rules:
 *  - The function's body is `switch (task->state) { case FIRST: ... }`, with no
 *    `default:` and no other `switch` in it, so that -Wswitch finds a state that
 *    has no place.
 *  - No locals but the task itself: they die at each AWAIT.
 *  - `start` never completes within the call: its callback comes from the loop.
 *  - Its time limit belongs to the operation, and comes back as its result.
 *  - To cancel: mark the task, cancel the operation, and resume the task once. After
 *    each AWAIT stands the check, and all the checks lead to one way out.
 *  - Nothing touches the task after it has told its owner that it ended.
 * Only server.c uses it. Where events come in many orders, as in conn.c, an
 * explicit state machine is clearer. */
#ifndef AIOPOLL_AWAIT_H
#define AIOPOLL_AWAIT_H

#define AWAIT(task, STATE, start)                                                                  \
    do {                                                                                           \
        (task)->state = STATE;                                                                     \
        start;                                                                                     \
        return;                                                                                    \
    case STATE:;                                                                                   \
    } while (0)

#endif
