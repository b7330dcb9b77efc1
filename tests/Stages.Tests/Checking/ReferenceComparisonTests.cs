using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Checking;
using Pipelines.Stages.Tests.Models;
using Pipelines.Stages.Tests.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Checking;

/// <summary>
/// Models against references written from golden cases, as the script of <c>check --help</c> would write them.
/// </summary>
public sealed class ReferenceComparisonTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Cases() => [.. Golden.Cases().Select(Golden.NameOf)];

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void A_model_agrees_with_the_reference_code(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel model = Load(golden);
        List<CheckResult> results = [.. Compare(model, Written(golden))];
        results
            .Select(r => r.What)
            .Should()
            .Equal(
                "pixel values",
                "image tokens",
                "prompt ids",
                "keys and values of the image tokens",
                "logits at the last position"
            );
        string all = string.Join("; ", results.Select(r => $"{r.What}: {r.Found}"));
        CheckResult? first = results.Find(r => !r.Passed);
        if (model.PromptText(golden.Question) == golden.Prompt)
        {
            first.Should().BeNull(all);
        }
        else
        {
            first!
                .What.Should()
                .Be("prompt ids", "the case has a system text that no template of its folder gives; {0}", all);
        }
    }

    [GoldenTheory]
    [InlineData("pixel_norm", "pixel values", "use_fast=False")]
    [InlineData("input_ids", "prompt ids", "position 2: ")]
    [InlineData("key_norms", "keys and values of the image tokens", "layer 1: key norm ")]
    [InlineData("value_norms", "keys and values of the image tokens", "layer 1: value norm ")]
    [InlineData("last_keys", "keys and values of the image tokens", "layer 1: the last image token's key is ")]
    [InlineData("top_logits", "logits at the last position", "number 2, ")]
    [InlineData("top_tokens", "logits at the last position", "is not among the reference's 19 largest")]
    public void The_first_difference_is_named_with_its_place(string field, string what, string place)
    {
        using var golden = new GoldenCase(Golden.Case("small-llava15"));
        JsonObject written = Written(golden);
        switch (field)
        {
            case "pixel_norm":
                written[field] = written[field]!.GetValue<double>() * 1.01;
                break;
            case "last_keys": // turned as another rotary base would, its length kept
                JsonArray key = written[field]![1]!.AsArray();
                (double x, double y) = (key[0]!.GetValue<double>(), key[1]!.GetValue<double>());
                (key[0], key[1]) = ((0.6 * x) - (0.8 * y), (0.8 * x) + (0.6 * y));
                break;
            case "input_ids":
                written[field]![2] = written[field]![2]!.GetValue<int>() + 1;
                break;
            case "top_tokens": // the largest is not named
                written[field]!.AsArray().RemoveAt(0);
                written["top_logits"]!.AsArray().RemoveAt(0);
                break;
            default:
                written[field]![1] = written[field]![1]!.GetValue<double>() * 1.01;
                break;
        }

        using VisionLanguageModel model = Load(golden);
        CheckResult first = Compare(model, written).First(r => !r.Passed);
        first.What.Should().Be(what);
        first.Found.Should().Contain(place);
    }

    [GoldenFact]
    public void Another_rotary_base_parts_at_the_first_layers_keys()
    {
        using var golden = new GoldenCase(Golden.Case("small-llava15"));
        foreach (string file in Directory.EnumerateFiles(golden.ModelFolder))
        {
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        }

        string path = Path.Combine(folder.Path, "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config["text_config"]!["rope_theta"] = 500.0;
        File.WriteAllText(path, config.ToJsonString());

        using VisionLanguageModel model = VisionLanguageModel.Load(
            folder.Path,
            Arithmetic.Resolve("cpu", "float32", "packed", ModelInfo.Read(folder.Path).Stored)
        );
        CheckResult first = Compare(model, Written(golden)).First(r => !r.Passed);
        first.What.Should().Be("keys and values of the image tokens");
        first.Found.Should().Contain("layer 0").And.Contain("another rotation");
    }

    [GoldenFact]
    public void A_picture_with_other_image_tokens_is_said_and_no_keys_are_compared()
    {
        using var golden = new GoldenCase(Golden.Case("small-llava15"));
        JsonObject written = Written(golden);
        written["input_ids"]!.AsArray().RemoveAt(golden.ImageStart);
        using VisionLanguageModel model = Load(golden);
        List<CheckResult> results = [.. Compare(model, written)];
        results.First(r => !r.Passed).What.Should().Be("image tokens");
        results.Select(r => r.What).Should().NotContain("keys and values of the image tokens");
    }

    [Theory]
    [InlineData("{", "not valid JSON (line 1")]
    [InlineData("[1]", "does not hold a JSON object")]
    [InlineData("""{ "picture": "a.png", "pixel_norm": NaN }""", "NaN and Infinity")]
    [InlineData("""{ "picture": null }""", "the field 'picture' is missing")]
    [InlineData("""{ "picture": 3 }""", "'picture' must hold a text")]
    [InlineData(
        """{ "picture": "a", "question": "q", "dtype": "float32", "input_ids": [] }""",
        "'input_ids' must hold a list with entries"
    )]
    [InlineData(
        """{ "picture": "a", "question": "q", "dtype": "float32", "input_ids": [1, -1] }""",
        "-1 is no token id"
    )]
    [InlineData(
        """
            { "picture": "a", "question": "q", "dtype": "float32", "input_ids": [1],
              "top_tokens": [1], "top_logits": ["x"] }
            """,
        "'top_logits' must hold finite numbers"
    )]
    [InlineData(
        """
            { "picture": "a", "question": "q", "dtype": "float32", "input_ids": [1],
              "top_tokens": [1], "top_logits": [1, 2], "key_norms": [1], "value_norms": [1] }
            """,
        "'top_logits' has 2 entries and 'top_tokens' 1"
    )]
    [InlineData("""{ "picture": "\ud800", "question": "q" }""", "'picture' must hold a text")]
    public void A_file_that_is_no_reference_is_refused_by_name(string text, string what)
    {
        string file = Path.Combine(folder.Path, "reference.json");
        File.WriteAllText(file, text);
        FluentActions
            .Invoking(() => Reference.Read(file))
            .Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .StartWith(file)
            .And.Contain(what);
    }

    [Fact]
    public void A_missing_file_is_refused_by_name() =>
        FluentActions
            .Invoking(() => Reference.Read(Path.Combine(folder.Path, "none.json")))
            .Should()
            .Throw<InputException>()
            .WithMessage("*none.json*cannot be read*");

    public void Dispose() => folder.Dispose();

    private static VisionLanguageModel Load(GoldenCase golden) =>
        VisionLanguageModel.Load(
            golden.ModelFolder,
            Arithmetic.Resolve("cpu", "float32", "packed", ModelInfo.Read(golden.ModelFolder).Stored),
            golden.Image
        );

    private IEnumerable<CheckResult> Compare(VisionLanguageModel model, JsonObject written)
    {
        string file = Path.Combine(folder.Path, "reference.json");
        File.WriteAllText(file, written.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        return new ReferenceComparison(model, Reference.Read(file)).Run();
    }

    /// <summary>
    /// What the script writes, from a case's tensors. The ids are those of the question alone: a case may put a system
    /// text of its own before it.
    /// </summary>
    private static JsonObject Written(GoldenCase golden)
    {
        float[] logits = golden.Floats("logits");
        int[] top = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).Take(20)];
        float[][] keys = PerLayer(golden, "keys"),
            values = PerLayer(golden, "values");
        int width = golden.Field("head_dim")!.Value.GetInt32(),
            last = (golden.ImageLength - 1) * width;
        return new JsonObject
        {
            ["picture"] = golden.Images[0],
            ["question"] = golden.Question,
            ["dtype"] = "float32",
            ["pixel_norm"] = Norm(golden.Floats("pixel_values")),
            ["input_ids"] = Array(golden.InputIds),
            ["top_tokens"] = Array(top),
            ["top_logits"] = Array(top.Select(i => (double)logits[i])),
            ["key_norms"] = Array(keys.Select(Norm)),
            ["value_norms"] = Array(values.Select(Norm)),
            ["last_keys"] = new JsonArray([
                .. keys.Select(k => (JsonNode)Array(k.Skip(last).Take(width).Select(v => (double)v))),
            ]),
        };
    }

    /// <summary>[L][H_kv * P * d].</summary>
    private static float[][] PerLayer(GoldenCase golden, string tensor)
    {
        float[] all = golden.Floats(tensor);
        return [.. all.Chunk(all.Length / golden.Field("layers")!.Value.GetInt32())];
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static JsonArray Array<T>(IEnumerable<T> values) =>
        new([.. values.Select(v => (JsonNode)JsonValue.Create(v)!)]);
}
