using System.Globalization;
using System.Text;

namespace Pipelines.Host.Commands.Completion;

/// <summary>The script for zsh, with descriptions; its completion system (compinit) is there before.</summary>
internal static class ZshScript
{
    /// <summary>The script.</summary>
    public static string Of(CompletedProgram program)
    {
        string names = string.Join(' ', program.Names),
            verbs = string.Join('|', program.Commands.Select(c => c.Name));
        var script = new StringBuilder();
        script.Append(
            CultureInfo.InvariantCulture,
            $$"""
            #compdef {{names}}
            # Completes {{CompletedProgram.Short}} in zsh: source it behind compinit, in ~/.zshrc for good.
            {{program.Function}}
            _pipelines_specs() { _files -g '*.(yaml|yml)' }

            _pipelines_runs() {
                local at=${words[(i)--artifacts]}
                local folder=${words[at + 1]:-{{SharedOptions.DefaultArtifacts}}}
                _path_files -/ -W "${folder:a}/runs"
            }

            _pipelines_first() {
                local -a verbs=(

            """
        );
        foreach (CompletedCommand command in program.Commands)
        {
            string told = command.Description.Replace(":", "\\:", StringComparison.Ordinal);
            script.Append(CultureInfo.InvariantCulture, $"        {ShellWords.Quoted($"{command.Name}:{told}")}\n");
        }

        script.Append(
            """
                )
                _describe command verbs
                _pipelines_specs
            }

            """
        );
        script.Append(
            CultureInfo.InvariantCulture,
            $$"""

            _pipelines() {
                local verb= at
                for ((at = 2; at < CURRENT; at++)); do
                    case ${words[at]} in
                        {{verbs}})
                            verb=${words[at]}
                            shift $((at - 1)) words
                            ((CURRENT -= at - 1))
                            break
                            ;;
                    esac
                done
                case $verb in

            """
        );
        foreach (CompletedCommand command in program.Commands.Append(program.Root))
        {
            script.Append(
                CultureInfo.InvariantCulture,
                $"        {(command.Name.Length == 0 ? "*" : command.Name)})\n            _arguments -s \\\n"
            );
            foreach (CompletedOption option in command.Options)
            {
                script.Append(CultureInfo.InvariantCulture, $"                {Of(option)} \\\n");
            }

            string? argument =
                command.Name.Length == 0 ? "_pipelines_first"
                : command.Words.Count > 0 ? $"({string.Join(' ', command.Words)})"
                : command.Argument != Place.Anything ? Files(command.Argument)
                : null; // to say that there is nothing to complete would keep options from being completed
            string arguments = argument is null ? "" : ShellWords.Quoted($"*:argument:{argument}");
            script.Append(CultureInfo.InvariantCulture, $"                {arguments}\n            ;;\n");
        }

        return script
            .Append("    esac\n}\n\n")
            .Append("if [ \"$funcstack[1]\" = _pipelines ]; then\n    _pipelines \"$@\"\nelse\n")
            .Append(CultureInfo.InvariantCulture, $"    compdef _pipelines {names}\nfi\n")
            .ToString();
    }

    private static string Of(CompletedOption option)
    {
        string choice = option.Words.Count > 0 ? $"({string.Join(' ', option.Words)})" : Files(option.Value),
            value = option.HelpName is { } name ? $":{Escaped(name)}:{choice}" : "",
            told = $"[{Escaped(option.Description)}]{value}";
        // One of several names is enough, but for an option that may be repeated
        return option.Names.Count == 1
            ? ShellWords.Quoted("*" + option.Names[0] + told)
            : $"'({string.Join(' ', option.Names)})'{{{string.Join(',', option.Names)}}}{ShellWords.Quoted(told)}";
    }

    private static string Files(Place place) =>
        place switch
        {
            Place.Spec => "_pipelines_specs",
            Place.Json => "_files -g \"*.json\"",
            Place.Folder => "_files -/",
            Place.Run => "_pipelines_runs",
            _ => " ",
        };

    private static string Escaped(string text) =>
        string.Concat(text.Select(c => c is '\\' or '[' or ']' or ':' ? $"\\{c}" : $"{c}"));
}
