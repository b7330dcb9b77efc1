using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Spec.Reading;

namespace Pipelines.Fuzz.Targets;

/// <summary>Settings of the command line, <c>--set a.b=c</c>: one a line.</summary>
internal sealed class SettingsTarget() : Target("set", "settings", new LinesMutator(Pieces))
{
    private static readonly string[] Pieces =
    [
        "=",
        "==",
        ".",
        "..",
        "stages.",
        "stages.masks.count=10",
        "matrix.seed=[1, 2]",
        "matrix=",
        "name=",
        "base=quickstart.yaml",
        "[",
        "{a: b}",
        "\"",
        "'",
        "&a",
        "*a",
        "\0",
        "\ud83d",
        "null",
        "data=[1]",
        "model.path=",
        "model.path=/",
        "data.images=\"\\0\"",
        "data.images=\"\\ud800\"",
        "stages.masks={ stage: sample-masks }",
        "x=1",
    ];

    public override long Allowance(byte[] input) => 8 * Free;

    public override long? Read(byte[] input)
    {
        string[] lines = Encoding.UTF8.GetString(input).Split('\n');
        string spec = Path.Combine(Scratch.Repository, "experiments", "quickstart.yaml");
        return ExperimentReader.Read(spec, lines, new Dictionary<string, string>()).Ok ? 0 : null;
    }

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            .. new[]
            {
                "stages.masks.count=2000\nseed=3",
                "prompt=p1",
                "matrix.seed=[1, 2]",
                "stages.validation.rank_by=[random]\nstages.report=null",
            }.Select(Encoding.UTF8.GetBytes),
        ];
}
