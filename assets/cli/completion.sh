#!/usr/bin/env bash
# Completion of `metals` for bash and zsh: source <(metals completion bash)
# Each line of the table: verbs so far, a colon, what may follow. `metals completion` fills it in.
_metals_table='METALS_COMPLETION_TABLE'

if [[ -n ${ZSH_VERSION:-} ]]; then
  autoload -U +X bashcompinit && bashcompinit
fi

_metals() {
  local verbs='' word='' line='' takes_value=''
  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    if [[ -n $takes_value ]]; then
      takes_value=''
    elif [[ $word =~ ^--(stage|region|profile|timeout|context|limit|before|reason|since)$ ]]; then
      takes_value=yes
    elif [[ $word != -* ]]; then
      verbs="${verbs:+$verbs }$word"
    fi
  done
  COMPREPLY=()
  [[ -z $takes_value ]] || return 0
  while IFS= read -r line; do
    if [[ ${line%%:*} == "$verbs" ]]; then
      # shellcheck disable=SC2207 # `mapfile` is unknown to zsh and to the bash of macOS; no word holds a space
      COMPREPLY=($(compgen -W "${line#*:}" -- "$2"))
    fi
  done <<<"$_metals_table"
}
complete -F _metals metals
