# Types a line and Tab into an interactive zsh that has sourced $1/completion.sh, and prints what the line is then.
zmodload zsh/zpty
zpty -b shell 'TERM=dumb PS1="" zsh -fi'
zpty -w shell "autoload -U compinit && compinit -u -d $1/dump && source $1/completion.sh"
zpty -w shell "show() { print -r -- \"<\$BUFFER>\" >$1/line; }; zle -N show; bindkey '^X' show; print ready >$1/ready"
for ((i = 0; i < 200; i++)); do
  [[ -s $1/ready ]] && break
  sleep 0.05
done
zpty -w -n shell "$2"$'\t'$'\x18'
for ((i = 0; i < 200; i++)); do
  [[ -s $1/line ]] && break
  sleep 0.05
done
zpty -d shell
line=$(<$1/line)
print -r -- "${${line#<}%>}"
rm -f $1/line $1/ready
