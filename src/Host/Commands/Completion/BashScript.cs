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

            _pipelines_runs() {
                compopt -o filenames 2>/dev/null
                local IFS=$'\n'
                COMPREPLY+=($(cd "$artifacts/runs" 2>/dev/null && compgen -d -- "$current"))
            }

            _pipelines_words() { COMPREPLY+=($(compgen -W "$1" -- "$current")); }

            _pipelines() {
                local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
                local verb= artifacts={{SharedOptions.DefaultArtifacts}} at
                COMPREPLY=()
                for ((at = 1; at < COMP_CWORD; at++)); do
                    case ${COMP_WORDS[at]} in
                        --artifacts) [ $((at + 1)) -lt "$COMP_CWORD" ] && artifacts=${COMP_WORDS[at + 1]} ;;
                        {{verbs}}) [ -z "$verb" ] && verb=${COMP_WORDS[at]} ;;
                    esac
                done
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
