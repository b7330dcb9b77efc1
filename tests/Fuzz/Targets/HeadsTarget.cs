using Pipelines.Fuzz.Mutators;
using Pipelines.Spec;
using Pipelines.Stages;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A file that orders heads, as <c>rank_by: [{ file: heads.jsonl }]</c> reads it: a JSON object a line.
/// </summary>
internal sealed class HeadsTarget()
    : FileTarget("heads", "jsonl", "heads.jsonl", new LinesMutator(Pieces), new JsonLinesMutator())
{
    private const int Layers = 2,
        Heads = 4;
    private static readonly string[] Pieces =
    [
        "{",
        "}",
        "\"layer\": 1,",
        "\"score\": 1e999",
        "\"score\": null",
        "NaN",
        "\"\\ud800\": 1",
        "\"layer\": 99999999999",
        "[",
        "\uFEFF",
        "\0",
        "{ \"layer\": 1, \"head\": 1, \"score\": 0.5 }",
    ];

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            """
            { "layer": 1, "head": 3, "score": 0.31 }
            { "layer": 0, "head": 0, "score": -1 }

            """u8.ToArray(),
            "{\"layer\":0,\"head\":1}\n\n{\"layer\":1,\"head\":1}"u8.ToArray(),
        ];

    protected override long? ReadFile(string path)
    {
        GivenOrder.Of(new FileRanking { File = new SpecPath(path, path) }, Layers, Heads);
        return 0;
    }
}
