#!/usr/bin/env bash
# Completion of `metals` for bash and zsh: source <(metals completion bash)
# Each line of the table, which `metals completion` fills in: verbs so far, or these and a flag that takes a value; a
# colon; what may follow.
_metals_table='METALS_COMPLETION_TABLE'

if [[ -n ${ZSH_VERSION:-} ]]; then
  # A shell without any configuration has no completion yet.
  whence compdef >/dev/null || { autoload -U compinit && compinit; }
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

# What is typed so far, in _metals_words; the last one is being typed. Bash takes `key=value` for three words.
_metals_join() {
  local word='' joins=''
  _metals_words=()
  for word in "${COMP_WORDS[@]:1:$COMP_CWORD}"; do
    if [[ ($word == = || -n $joins) && ${#_metals_words[@]} -gt 0 ]]; then
      word=${_metals_words[*]: -1}$word
      _metals_words=("${_metals_words[@]:0:$((${#_metals_words[@]} - 1))}")
      if [[ $word == *= ]]; then joins=yes; else joins=''; fi
    fi
    _metals_words+=("$word")
  done
}

_metals() {
  local verbs='' word='' values='' takes_value='' offered='' typed='' _metals_words
  _metals_join
  typed=${_metals_words[*]: -1}
  for word in "${_metals_words[@]:0:$((${#_metals_words[@]} - 1))}"; do
    if [[ -n $takes_value ]]; then
      takes_value=''
    elif [[ $word != -* ]]; then
      # After a verb that has no verbs of its own it is an argument: flags may follow it.
      if [[ -z $verbs || $'\n'$_metals_table == *$'\n'"$verbs "[a-z]* ]]; then verbs="${verbs:+$verbs }$word"; fi
    elif values=$(_metals_after "$verbs $word" || _metals_after " $word"); then
      takes_value=yes
    fi
  done
  if [[ -n $takes_value ]]; then offered=$values; else offered=$(_metals_after "$verbs" || true); fi
  # shellcheck disable=SC2207 # `mapfile` is unknown to zsh and to the bash of macOS; no word holds a space
  COMPREPLY=($(compgen -W "$offered" -- "$typed" || true))
  # A key of a setting goes on with its value.
  if [[ ${COMPREPLY[*]:-} == *= ]]; then compopt -o nospace 2>/dev/null || true; fi
  # Bash replaces what stands behind the `=` alone.
  if [[ ${COMP_WORDS[COMP_CWORD]:-} != "$typed" && -z ${ZSH_VERSION:-} ]]; then COMPREPLY=("${COMPREPLY[@]#*=}"); fi
}
complete -F _metals metals
