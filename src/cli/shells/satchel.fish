# fish completion for satchel: the program itself says what may come next.
function __satchel_complete
    set -l current (string unescape -- (commandline -ct))
    set -l words (commandline -opc) $current
    for line in ($words[1] --complete $words[2..-1] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path $current
            case :folders
                __fish_complete_directories $current
            case '*'
                echo $line
        end
    end
end
complete -c satchel -f -a '(__satchel_complete)'
