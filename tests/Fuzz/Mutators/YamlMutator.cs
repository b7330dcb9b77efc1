using System.Text;
using System.Text.RegularExpressions;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages YAML: its syntax by <see cref="LinesMutator"/>, its values by scalars that fields of a spec do not expect
/// (paths above all).
/// </summary>
internal sealed partial class YamlMutator : Mutator
{
    private static readonly string Long = new('x', 300),
        Longer = new('y', 5000);

    private static readonly LinesMutator Syntax = new([
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "&a ",
        "*a",
        "!x ",
        "|\n",
        ">\n",
        "#",
        "%",
        "@",
        "? ",
        "<<: ",
        "---\n",
        "...\n",
        "null",
        "~",
        "${",
        "\\",
        "\0",
        "\uFEFF",
        "\u0085",
        "\u2028",
        "\t",
        "\r",
        "base: input.yaml",
        "base: .",
        "experiments: [input.yaml]",
        "experiments: [., quickstart.yaml]",
        "matrix: { prompt: [p1, p2], seed: [1, 2] }",
        "inputs: { masks: masks }",
        "name: *a",
        "data: &a",
    ]);

    private static readonly string[] Scalars =
    [
        "",
        "~",
        "null",
        "''",
        "\"\\0\"",
        "\"a\\0b\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\x1b[2J\"",
        "\"\\u202e\"",
        ".",
        "..",
        "/",
        "//",
        "./.",
        "../..",
        "quickstart",
        "quickstart.yaml",
        "input.yaml",
        "/dev/null",
        "/proc/self/mem",
        "~/x",
        "${X}",
        "${X:-}",
        "${X:-\"\\0\"}",
        "${",
        "0",
        "-1",
        "1",
        "2147483648",
        "1e999",
        "0x10",
        "0.5",
        "99999999999999999999",
        "true",
        "auto",
        "[]",
        "{}",
        "[1, 2]",
        "[a, a]",
        "{ a: b }",
        "'" + Long + "'",
        "'" + Longer + "'",
        "'a/" + Long + "'",
    ];

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        if (random.OneIn(2))
        {
            return Syntax.Mutate(input, random);
        }

        string text = Encoding.Latin1.GetString(input);
        MatchCollection values = Value().Matches(text);
        if (values.Count == 0)
        {
            return Syntax.Mutate(input, random);
        }

        Group value = random.Pick(values).Groups[1];
        return Encoding.Latin1.GetBytes(
            text[..value.Index] + random.Pick(Scalars) + text[(value.Index + value.Length)..]
        );
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input) => Syntax.Shrunk(input);

    /// <summary>What follows "key: " up to the line's, list's or mapping's end.</summary>
    [GeneratedRegex(@": +([^,{}\[\]\n#]+)")]
    private static partial Regex Value();
}
