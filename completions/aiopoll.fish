# Completion of aiopoll's command line for fish.

# The running daemon's servers, asked where the line says. Nothing where it does not answer at once.
function __aiopoll_servers
    set -l words (commandline -opc)
    set -l where
    for i in (seq 2 (count $words))
        set -l next (math $i + 1)
        switch $words[$i]
            case '--config=*' '--listen=*'
                set -a where $words[$i]
            case -c --config --listen
                test $next -le (count $words); and set -a where $words[$i] $words[$next]
        end
    end
    timeout 1 $words[1] --status --log-format=json $where 2>/dev/null |
        string match --all --regex '"name": *"[A-Za-z0-9._-]*"' |
        string replace --regex '.*"(.*)"' '$1'
end

complete -c aiopoll -f
complete -c aiopoll -s c -l config -r -F -d 'Servers and settings'
complete -c aiopoll -s t -l check -d 'Read the configuration, report every problem, exit'
complete -c aiopoll -s n -l count -x -d 'Stop once every server was polled so often'
complete -c aiopoll -l once -d 'Stop once every server was polled'
complete -c aiopoll -l log-format -x -a 'text json' -d 'Form of the log'
complete -c aiopoll -l log-level -x -a 'error warning info debug' -d 'The least grave that is told'
complete -c aiopoll -l state-file -r -F -d 'Keep what servers were promised across restarts'
complete -c aiopoll -l listen -x -d 'Serve status and metrics'
complete -c aiopoll -l status -d 'Ask the running daemon how its servers are'
complete -c aiopoll -l explain -x -a '(__aiopoll_servers)' -d 'Ask it why that server is polled when it is'
complete -c aiopoll -s h -l help -d 'Show the options and exit'
complete -c aiopoll -s V -l version -d 'Show the version and exit'
