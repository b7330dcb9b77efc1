namespace Pipelines.Spec.Reading;

/// <summary>
/// Says in plain words what is wrong with the syntax of a file. YamlDotNet stops at the first slip; where that was a
/// tab, every line that is indented by one is named.
/// </summary>
internal static class YamlSyntax
{
    /// <summary>What the scanner says, and what a person should do.</summary>
    private static readonly (string Said, string Meant)[] Sentences =
    [
        (
            "found invalid mapping",
            "a second ': ' here: put a text that holds ': ' in quotes, and indent the keys of one mapping alike"
        ),
        ("found wrong indentation", "the quotes that open here are not closed on this line"),
        ("found unexpected end of stream", "the quotes that open here are never closed"),
        ("did not find expected ',' or '}'", "this mapping in { } is not closed, or lacks a ','"),
        ("did not find expected ',' or ']'", "this list in [ ] is not closed, or lacks a ','"),
        ("cannot start any token", "no plain text begins with this character: put the text in quotes"),
        ("did not find expected node content", "a value is wanted here"),
        ("did not find expected key", "'key: value' is wanted here: indent the keys of one mapping alike"),
        (
            "did not find expected '-' indicator",
            "an entry that begins with '- ' is wanted here: indent the entries of one list alike"
        ),
        ("could not find expected ':'", "a key without ':' and value"),
        ("invalid Unicode surrogates", "the escape stands for half a character"),
    ];

    /// <summary>Adds the error, or one for every tab.</summary>
    /// <param name="source">The text.</param>
    /// <param name="errors">Where to.</param>
    /// <param name="line">Line of the slip, from 1.</param>
    /// <param name="column">Column of the slip, from 1.</param>
    /// <param name="message">YamlDotNet's words; may be empty.</param>
    public static void Add(SpecSource source, ErrorList errors, int line, int column, string message)
    {
        int before = errors.Count;
        for (int i = 0; i < source.Lines.Count; i++)
        {
            string text = source.Lines[i];
            int indent = text.Length - text.TrimStart().Length;
            int tab = text.AsSpan(0, indent).IndexOf('\t');
            if (tab >= 0 && indent < text.Length)
            {
                errors.Add(new SourceMark(source, i + 1, tab + 1), "", "indented by a tab: YAML wants blanks");
            }
        }
        if (errors.Count > before)
        {
            return;
        }

        bool isVariable =
            line >= 1 && line <= source.Lines.Count && source.Lines[line - 1].Contains("${", StringComparison.Ordinal);
        string sentence =
            isVariable && message.Contains("flow mapping", StringComparison.Ordinal)
                ? "inside { } a path with ${…} must stand in quotes"
                : Sentences.FirstOrDefault(s => message.Contains(s.Said, StringComparison.OrdinalIgnoreCase)).Meant
                    ?? Plain(message);
        errors.Add(new SourceMark(source, line, column), "", "not YAML: " + sentence);
    }

    private static string Plain(string message)
    {
        string plain = SpecSource.Printable(message).TrimEnd('.');
        return plain.Length == 0 ? "it cannot be read from here on" : char.ToLowerInvariant(plain[0]) + plain[1..];
    }
}
