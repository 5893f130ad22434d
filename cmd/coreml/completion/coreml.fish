# Completion of coreml for fish, 3.0 and newer.

function __coreml_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    $program __complete $words (commandline -ct) 2>/dev/null
end

complete -c coreml -e
complete -c coreml -f -a '(__coreml_complete)'
