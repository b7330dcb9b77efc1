using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>Specs that the tests start from.</summary>
internal static class Specs
{
    /// <summary>The example of the design, every stage kind in it. Paths do not exist.</summary>
    public const string Quickstart = """
        name: quickstart
        seed: 7
        model: { path: quickstart/micro-llava, device: auto }
        data:
          kind: coco
          images: quickstart/images
          annotations: quickstart/instances.json
          single_object: { min_area: 0.06, others_below: 0.02 }
        prompt: default
        stages:
          answers:     { stage: answer-questions, keep: 12 }
          baseline:    { stage: collect-mean-kv, images: 100, kind: mean, rope: after }
          masks:       { stage: sample-masks, count: 1000, ablate: 0.75, draw: exact, scope: sample }
          forward:     { stage: forward-passes }
          attribution: { stage: regress, trainer: elastic-net, alpha: 0.0005, l1_ratio: 0.5, train: 0.8 }
          validation:  { stage: validate, rank_by: [head-attribution, causal, attention, random] }
          report:      { stage: report }

        """;

    /// <summary>A short valid spec with the given stages.</summary>
    public static string WithStages(string stages) =>
        $"name: n\nmodel: {{ path: m }}\ndata: {{ kind: folder, images: i }}\nstages:\n{stages}\n";

    /// <summary>Reads a text without looking at the disk.</summary>
    public static ReadResult Read(string text, params string[] overrides) =>
        ExperimentReader.Parse(
            text,
            "spec.yaml",
            "/specs",
            overrides,
            new Dictionary<string, string> { ["MODELS"] = "/big/models", ["EMPTY"] = "" },
            PathRule.MayBeMissing
        );

    /// <summary>The one experiment of a valid text.</summary>
    public static Experiment One(string text, params string[] overrides)
    {
        ReadResult result = Read(text, overrides);
        Assert.True(result.Ok, string.Join("\n", result.Errors));
        return Assert.Single(result.Experiments);
    }

    /// <summary>The errors of a text as the terminal shows them.</summary>
    public static string[] Errors(string text, params string[] overrides)
    {
        ReadResult result = Read(text, overrides);
        Assert.Empty(result.Experiments);
        return [.. result.Errors.Select(e => e.ToString())];
    }
}
