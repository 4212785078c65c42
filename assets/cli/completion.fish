# Completion of `metals` for fish: metals completion fish | source
# Each line of the table, which `metals completion` fills in: verbs so far, or these and a flag that takes a value; a
# colon; what may follow.
set -g _metals_table 'METALS_COMPLETION_TABLE'

# Prints what may follow these words, one to a line; fails where the table does not have them.
function _metals_after
    for line in (string split \n -- $_metals_table)
        set -l parts (string split -m 1 : -- $line)
        if test "$parts[1]" = "$argv[1]"
            string split -n ' ' -- "$parts[2]"
            return 0
        end
    end
    return 1
end

function _metals_complete
    set -l verbs
    set -l values
    set -l takes_value no
    for word in (commandline -opc)[2..]
        if test $takes_value = yes
            set takes_value no
        else if not string match -q -- '-*' $word
            # After a verb that has no verbs of its own it is an argument: flags may follow it.
            if test -z "$verbs"; or string match -qr "(^|\n)$verbs [a-z]" -- $_metals_table
                set -a verbs $word
            end
        else if set values (_metals_after "$verbs $word"; or _metals_after " $word")
            set takes_value yes
        end
    end
    if test $takes_value = yes
        string join \n -- $values
    else
        _metals_after "$verbs"
    end
end

complete -c metals -f -a '(_metals_complete)'
