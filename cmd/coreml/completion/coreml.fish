# Completion of coreml for fish, 3.0 and newer.

function __coreml_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    # A quote that is still open cannot be taken away: the word is asked for without it.
    set -l word (commandline -ct)
    set -l bare (string unescape -- "$word")
    or set bare (string trim --left --chars '\'"' -- "$word")
    $program __complete $words "$bare" 2>/dev/null
end

complete -c coreml -e
complete -c coreml -f -a '(__coreml_complete)'
