using System.Globalization;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// A checkpoint is the same model whichever version of transformers saved its files: every form of every golden case
/// gives the case's figures.
/// </summary>
public sealed class GoldenVariantTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-4;

    /// <summary>Case folder (from its golden folder's name on) and variant.</summary>
    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (string folder in Golden.Cases())
        {
            foreach (string variant in SavedFolder.Variants(folder))
            {
                data.Add(folder, variant);
            }
        }

        return data;
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Every_saved_form_of_a_checkpoint_gives_the_cases_figures_to_1e_4(string folder, string variant)
    {
        using var golden = new GoldenCase(folder);
        using SavedFolder saved = SavedFolder.Of(golden, variant);
        ModelInfo info = ModelInfo.Read(saved.Path);
        saved.WithTokenizerOf(info.Family.Mark.ImageToken, golden.InputIds[golden.ImageStart]);
        ModelFolder.RequireUsable(info, []);
        using VisionLanguageModel model = VisionLanguageModel.Load(
            saved.Path,
            Arithmetic.Resolve("cpu", "float32", "packed", info.Stored),
            golden.Image
        );
        using ImageFeatures features = model.Features(golden.Picture(0));
        ImageTokenCounter
            .Read(info, golden.Image)
            .TokensOf(golden.Picture(0).Width, golden.Picture(0).Height)
            .Should()
            .Be(features.Tokens);
        PromptTokens prompt = golden.PromptTokens;
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using IntactRun intact = IntactRun.Compute(cache);
        OutputMeasure target = model.Measure(new Measured.Logit(golden.Target, LogitMean.Rows));
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        using var suffix = new SuffixForward(cache, blocks, target);

        (string What, double Error)[] errors =
        [
            ("pixel_values", Largest(model.Preprocess(golden.Picture(0)).Values, golden.Floats("pixel_values"))),
            (
                "image_features",
                Largest(features.Features.contiguous().data<float>().ToArray(), golden.Floats("image_features"))
            ),
            ("logits", Largest([.. intact.Logits], golden.Floats("logits"))),
            ("f_intact", Math.Abs(suffix.Intact - golden.Intact)),
            (
                "f_zero",
                suffix.Logits(golden.Masks("masks")).Zip(golden.Doubles("f_zero"), (a, b) => Math.Abs(a - b)).Max()
            ),
        ];
        var shown = errors.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.What} {e.Error:0.0e0}"));
        output.WriteLine($"{saved.Name}: {string.Join(", ", shown)}");
        errors.Should().OnlyContain(e => e.Error <= Tolerance, saved.Name);
        intact.Target.Should().Be(golden.Target);
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Every_saved_form_of_a_checkpoint_has_the_published_numbers(string folder, string variant)
    {
        using var golden = new GoldenCase(folder);
        using SavedFolder saved = SavedFolder.Of(golden, variant);
        ModelInfo info = ModelInfo.Read(saved.Path),
            published = ModelInfo.Read(golden.ModelFolder);
        info.Stored.Should().Be(published.Stored);
        Numbers(info).Should().BeEquivalentTo(Numbers(published), saved.Name);
        ((int[])[info.Layers, info.Heads, info.KvHeads, info.HeadDim])
            .Should()
            .Equal([
                .. ((string[])["layers", "heads", "kv_heads", "head_dim"]).Select(f =>
                    golden.Field(f)!.Value.GetInt32()
                ),
            ]);
        if (golden.Field("rope_theta") is { } theta)
        {
            info.Decoder.RotaryTheta.Should().Be(theta.GetDouble());
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Every_saved_form_of_a_checkpoint_gives_the_cases_prompt_and_ends(string folder, string variant)
    {
        using var golden = new GoldenCase(folder);
        using SavedFolder saved = SavedFolder.Of(golden, variant);
        using VisionLanguageModel model = VisionLanguageModel.Load(saved.Path, Arithmetic.Float32, golden.Image);
        using VisionLanguageModel published = VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Float32,
            golden.Image
        );
        model
            .Tokenize(golden.Prompt, model.TokensOf(golden.Picture(0).Width, golden.Picture(0).Height))
            .Ids.Should()
            .Equal(golden.InputIds, saved.Name);
        published.EndTokens.Should().BeSubsetOf(model.EndTokens, "version 5 writes the decoder's own end besides");
        if (golden.Field("stop_token") is { } stop)
        {
            model.EndTokens.Should().Contain(stop.GetInt32(), saved.Name);
        }

        model.Answer(golden.Generated).Should().Be(published.Answer(golden.Generated), saved.Name);
    }

    [GoldenFact]
    public void Headers_hold_exactly_what_a_model_claims()
    {
        foreach (string folder in Golden.Cases())
        {
            using var golden = new GoldenCase(folder);
            ModelInfo info = ModelInfo.Read(golden.ModelFolder);
            ModelConfig config = ModelInfo.ReadConfig(golden.ModelFolder);
            ExpectedTensors expected = info.Family.Tensors(info.Decoder, config);
            using Checkpoint checkpoint = Checkpoint.Open(golden.ModelFolder);
            var stored = checkpoint
                .Tensors.Values.Where(t => !expected.Unused.Any(u => t.Name.StartsWith(u, StringComparison.Ordinal)))
                .ToDictionary(t => t.Name, t => t.Shape);
            stored.Remove(expected.Head.Name).Should().Be(!info.Decoder.TiedHead, folder);
            expected
                .Tensors.Append(expected.Embedding)
                .ToDictionary(t => t.Name, t => t.Shape)
                .Should()
                .BeEquivalentTo(stored, folder);
        }
    }

    [GoldenFact]
    public void Names_of_a_raw_dump_are_the_hubs_in_every_family()
    {
        foreach (string folder in Golden.Cases())
        {
            using var golden = new GoldenCase(folder);
            ModelInfo info = ModelInfo.Read(golden.ModelFolder);
            using Checkpoint checkpoint = Checkpoint.Open(golden.ModelFolder);
            Func<string, string> hub = info.Family.HubName;
            string[] names = [.. checkpoint.Tensors.Keys];
            names.Select(hub).Should().Equal(names, "the hub's names are their own");
            foreach (Func<string, string> form in Forms(info.Family))
            {
                names.Select(n => hub(form(n))).Should().Equal(names, $"{folder}: {form(names[0])}");
            }
        }
    }

    [GoldenFact]
    public void Names_of_a_state_dict_that_a_case_lists_are_the_hubs()
    {
        foreach (string folder in Golden.Cases())
        {
            using var golden = new GoldenCase(folder);
            Func<string, string> hub = ModelInfo.Read(golden.ModelFolder).Family.HubName;
            foreach (
                string list in golden
                    .Items("variants")
                    .Select(v => Path.Combine(folder, v.GetProperty("folder").GetString()!))
                    .Where(File.Exists)
            )
            {
                using Checkpoint checkpoint = Checkpoint.Open(golden.ModelFolder);
                File.ReadAllLines(list)
                    .Select(hub)
                    .Should()
                    .Equal(checkpoint.Tensors.Keys.Order(StringComparer.Ordinal), list);
            }
        }
    }

    /// <summary>
    /// Names as other programs write them: the classes of 4.52 and later, base models, towers without a step of the
    /// path.
    /// </summary>
    private static IEnumerable<Func<string, string>> Forms(Family family) =>
        family == Known.Qwen3Vl
            ?
            [
                n => n.StartsWith("model.", StringComparison.Ordinal) ? n["model.".Length..] : n,
                n => n.Replace("model.language_model.", "model.", StringComparison.Ordinal),
            ]
        : Known.IsQwen(family)
            ?
            [
                n =>
                    n == "lm_head.weight" ? n
                    : n.StartsWith("model.", StringComparison.Ordinal) ? "model.language_model." + n["model.".Length..]
                    : "model." + n,
                n => n.StartsWith("model.", StringComparison.Ordinal) ? "language_model." + n["model.".Length..] : n,
                n => n.StartsWith("model.", StringComparison.Ordinal) ? n["model.".Length..] : n,
            ]
        : family == Known.SmolVlm ? [n => n.StartsWith("model.", StringComparison.Ordinal) ? n["model.".Length..] : n]
        : family == Known.InternVl
            ? [n => "model." + n, n => n.Replace("language_model.model.", "language_model.", StringComparison.Ordinal)]
        :
        [
            n =>
                n == "language_model.lm_head.weight"
                    ? "lm_head.weight"
                    : "model." + n.Replace("language_model.model.", "language_model.", StringComparison.Ordinal),
            n => n.Replace("language_model.model.", "language_model.", StringComparison.Ordinal),
            n => n.Replace("vision_tower.vision_model.", "vision_tower.", StringComparison.Ordinal),
            n => n.Replace("language_model.model.", "model.", StringComparison.Ordinal),
        ];

    private static object Numbers(ModelInfo info) =>
        new
        {
            info.Family,
            Decoder = info.Decoder with
            {
                Limit = null,
            },
            Limit = info.Decoder.Limit?.Tokens,
        };

    private static double Largest(float[] found, float[] expected)
    {
        found.Length.Should().Be(expected.Length);
        double largest = found.Zip(expected, (a, b) => Math.Abs((double)a - b)).Max();
        return double.IsNaN(largest) ? double.PositiveInfinity : largest;
    }
}
