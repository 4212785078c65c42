#!/usr/bin/env bash
# Completion of `metals` for bash and zsh: source <(metals completion bash)
# Each line of the table, which `metals completion` fills in: verbs so far, or these and a flag that takes a value; a
# colon; what may follow.
_metals_table='METALS_COMPLETION_TABLE'

if [[ -n ${ZSH_VERSION:-} ]]; then
  autoload -U +X bashcompinit && bashcompinit
fi

# Prints what may follow these words; fails where the table does not have them.
_metals_after() {
  local line=''
  while IFS= read -r line; do
    if [[ ${line%%:*} == "$1" ]]; then
      printf '%s\n' "${line#*:}"
      return
    fi
  done <<<"$_metals_table"
  return 1
}

_metals() {
  local verbs='' word='' values='' takes_value='' offered=''
  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    if [[ -n $takes_value ]]; then
      takes_value=''
    elif [[ $word != -* ]]; then
      verbs="${verbs:+$verbs }$word"
    elif values=$(_metals_after "$verbs $word" || _metals_after " $word"); then
      takes_value=yes
    fi
  done
  if [[ -n $takes_value ]]; then offered=$values; else offered=$(_metals_after "$verbs" || true); fi
  # shellcheck disable=SC2207 # `mapfile` is unknown to zsh and to the bash of macOS; no word holds a space
  COMPREPLY=($(compgen -W "$offered" -- "$2" || true))
  # A key of a setting goes on with its value.
  if [[ ${COMPREPLY[*]:-} == *= ]]; then compopt -o nospace 2>/dev/null || true; fi
}
complete -F _metals metals
