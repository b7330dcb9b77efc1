using System.Globalization;
using System.Text;

namespace Pipelines.Host.Commands.Completion;

/// <summary>The script for bash; it needs bash 4 and no package of completions.</summary>
internal static class BashScript
{
    /// <summary>The script.</summary>
    public static string Of(CompletedProgram program)
    {
        string verbs = string.Join('|', program.Commands.Select(c => c.Name));
        var script = new StringBuilder();
        script.Append(
            CultureInfo.InvariantCulture,
            $$"""
            # Completes {{CompletedProgram.Short}} in bash: source it, in ~/.bashrc for good.
            {{program.Function}}
            _pipelines_files() { # files that a pattern leaves, and folders
                compopt -o filenames 2>/dev/null
                local IFS=$'\n'
                local pattern
                for pattern in "$@"; do
                    COMPREPLY+=($(compgen -f -X "!$pattern" -- "$current"))
                done
                COMPREPLY+=($(compgen -d -- "$current"))
                if [[ ${current##*/} != .* ]]; then # hidden ones only where one begins to name one
                    local all=("${COMPREPLY[@]}") one
                    COMPREPLY=()
                    for one in "${all[@]}"; do [[ ${one##*/} == .* ]] || COMPREPLY+=("$one"); done
                fi
            }

            _pipelines_runs() { # finished ones, and folders that hold some
                compopt -o filenames 2>/dev/null
                local run below
                while IFS= read -r run; do
                    for below in "$artifacts/runs/$run"/run.json "$artifacts/runs/$run"/*/run.json; do
                        if [[ -e $below ]]; then
                            COMPREPLY+=("$run")
                            break
                        fi
                    done
                done < <(cd "$artifacts/runs" 2>/dev/null && compgen -d -- "$current")
            }

            _pipelines_words() { COMPREPLY+=($(compgen -W "$1" -- "$current")); }

            _pipelines() {
                local verb= artifacts={{SharedOptions.DefaultArtifacts}} at piece= last=0 begun option=
                local -a words=()
                for ((at = 0; at <= COMP_CWORD; at++)); do # readline breaks words at = and :, which runs and paths have
                    local next=${COMP_WORDS[at]}
                    if [[ $at -gt 0 && -n $next && ( $next == [=:]* || $piece == [=:]* ) ]]; then
                        words[last]+=$next
                    else
                        words+=("$next")
                    fi
                    last=$((${#words[@]} - 1)) piece=$next
                done
                [[ $piece == [=:]* ]] && piece=
                local current=${words[last]} before=${words[last - 1]}
                begun=${current%"$piece"} # what stands before the piece that is completed
                if [[ $current == --*=* ]]; then # --artifacts=DIR
                    option=${current%%=*}= before=${current%%=*} current=${current#*=}
                fi
                COMPREPLY=()
                for ((at = 1; at < last; at++)); do
                    case ${words[at]} in
                        --artifacts) [ $((at + 1)) -lt "$last" ] && artifacts=${words[at + 1]} ;;
                        --artifacts=*) artifacts=${words[at]#*=} ;;
                        {{verbs}}) [ -z "$verb" ] && verb=${words[at]} ;;
                    esac
                done
                _pipelines_replies
                for ((at = 0; at < ${#COMPREPLY[@]}; at++)); do
                    piece=$option${COMPREPLY[at]}
                    COMPREPLY[at]=${piece#"$begun"}
                done
            }

            _pipelines_replies() { # to what _pipelines found on the line
                case $verb,$before in

            """
        );
        foreach (CompletedCommand command in program.Commands.Prepend(program.Root))
        {
            foreach (CompletedOption option in command.Options.Where(o => o.HelpName is not null))
            {
                string cases = string.Join('|', option.Names.Select(n => $"{command.Name},{n}"));
                script.Append(
                    CultureInfo.InvariantCulture,
                    $"        {cases}) {Words(option.Words)}{Files(option.Value)}return ;;\n"
                );
            }
        }

        script.Append("    esac\n    case $verb,$current in\n");
        foreach (CompletedCommand command in program.Commands.Prepend(program.Root))
        {
            string options = string.Join(' ', command.Options.SelectMany(o => o.Names));
            IEnumerable<string> words = command.Name.Length == 0 ? program.Commands.Select(c => c.Name) : command.Words;
            script.Append(
                CultureInfo.InvariantCulture,
                $"""
                        {command.Name},-*) _pipelines_words '{options}' ;;
                        {command.Name},*) {Words(words)}{Files(command.Argument)};;

                """
            );
        }

        return script
            .Append("    esac\n}\n\n")
            .Append(CultureInfo.InvariantCulture, $"complete -F _pipelines {string.Join(' ', program.Names)}\n")
            .ToString();
    }

    private static string Words(IEnumerable<string> words)
    {
        string all = string.Join(' ', words);
        return all.Length == 0 ? "" : $"_pipelines_words '{all}'; ";
    }

    private static string Files(Place place) =>
        place switch
        {
            Place.Spec => "_pipelines_files '*.yaml' '*.yml'; ",
            Place.Json => "_pipelines_files '*.json'; ",
            Place.Folder => "_pipelines_files; ",
            Place.Run => "_pipelines_runs; ",
            _ => "",
        };
}
