# Completion of aiopoll's command line for bash.

# The running daemon's servers, asked where the line says. Nothing where it does not answer at once.
_aiopoll_servers() {
  local program=$1 i
  local -a where=()
  for ((i = 1; i < ${#COMP_WORDS[@]}; i++)); do
    case ${COMP_WORDS[i]} in
      -c | --config | --listen)
        # The word behind is the value; bash has made the `=` between them a word as well.
        local value=$((i + 1))
        [[ ${COMP_WORDS[value]-} != = ]] || value=$((value + 1))
        local text=${COMP_WORDS[value]-}
        # It has cut an address at its colons, too.
        while [[ ${COMP_WORDS[value + 1]-} == : || ${COMP_WORDS[value]-} == : ]]; do
          value=$((value + 1))
          text+=${COMP_WORDS[value]-}
        done
        text=${text/#\~\//$HOME/}
        if [[ ${COMP_WORDS[i]} == --listen ]]; then
          where+=("--listen=$text")
        else
          where+=(-c "$text")
        fi
        ;;
    esac
  done
  timeout 1 "$program" --status --log-format=json "${where[@]}" 2>/dev/null |
    grep -o '"name": *"[A-Za-z0-9._-]*"' | sed 's/.*"\(.*\)"/\1/'
}

_aiopoll_files() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  # shellcheck disable=SC2207 # a line is a name
  COMPREPLY=($(compgen -f -- "$1"))
}

_aiopoll() {
  local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} words=
  if [[ $current == = ]]; then
    current=
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $option in
    -c | --config | --state-file)
      _aiopoll_files "$current"
      return 0
      ;;
    --log-format) words="text json" ;;
    --log-level) words="error warning info debug" ;;
    --explain) words=$(_aiopoll_servers "$1") ;;
    -n | --count | --listen) return 0 ;;
    *)
      [[ $current == -* ]] || return 0
      words="-c -t -n -h -V --config= --check --count= --once --log-format= --log-level=
        --state-file= --listen= --status --explain= --help --version"
      ;;
  esac
  # shellcheck disable=SC2207 # names have no blanks
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # A value follows at once.
  [[ ${COMPREPLY-} != *= ]] || compopt -o nospace 2>/dev/null
  return 0
}

complete -F _aiopoll aiopoll
