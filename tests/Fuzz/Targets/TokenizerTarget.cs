using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Text;

namespace Pipelines.Fuzz.Targets;

/// <summary>A file of a tokenizer: read, and used on texts.</summary>
/// <param name="file">The damaged file.</param>
/// <param name="format">Its format.</param>
/// <param name="kind">Which small tokenizer it belongs to.</param>
/// <param name="mutator">What damages it.</param>
internal sealed class TokenizerTarget(string file, string format, SmallTokenizer kind, Mutator mutator)
    : FileTarget($"{file}-{kind.Name}", format, file, mutator)
{
    private static readonly string[] Texts =
    [
        "",
        " ",
        "USER: <image>\nWhat is the  color? ASSISTANT:",
        "the The\tthe\u00e9 e\u0301 \u732b\U0001F431 \ud83d <s>a</s>",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "\0\u2581\uFFFD",
    ];

    public override int Fixed => 250;

    protected override IReadOnlyList<byte[]> MakeSeeds() => [kind.Files[FileName]];

    protected override void Lay(string into)
    {
        foreach ((string name, byte[] bytes) in kind.Files)
        {
            File.WriteAllBytes(Path.Combine(into, name), bytes);
        }
    }

    protected override long? ReadFile(string path)
    {
        var tokenizer = new HubTokenizer(Folder);
        foreach (string text in Texts)
        {
            IReadOnlyList<int> ids = tokenizer.Encode(text);
            tokenizer.Decode(ids);
            tokenizer.Decode(ids, skipAdded: false);
            foreach (int id in ids)
            {
                tokenizer.TokenText(id);
            }
        }

        return 0;
    }
}
