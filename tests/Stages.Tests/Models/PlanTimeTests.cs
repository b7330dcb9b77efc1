using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Vision;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// Files of a model folder that do not belong together are an error when a plan is made, not in the first unit; what no
/// file shows, weights that are no numbers, stops the first pass.
/// </summary>
public sealed class PlanTimeTests
{
    private const string LastNorm = "language_model.model.norm.weight",
        Head = "language_model.lm_head.weight";

    [Fact]
    public void A_folder_of_one_model_is_planned()
    {
        using var tiny = new TinyLlava();
        Planning(tiny).Should().NotThrow();
    }

    [Theory]
    [InlineData("\"image_token_index\":99", "\"image_token_index\":98", "'image_token_index' is 98*'<image>' as 99")]
    [InlineData(
        "\"image_token_index\":99",
        "\"image_token_index\":99,\"image_token_id\":98",
        "'image_token_id' is 98*'<image>' as 99"
    )]
    [InlineData("\"image_token_index\":99,", "", "'image_token_index' is 32000*'<image>' as 99")]
    public void An_image_token_that_is_not_the_tokenizers_is_an_error_of_the_plan(string old, string now, string says)
    {
        using var tiny = new TinyLlava();
        tiny.Edit(old, now);
        Planning(tiny).Should().Throw<InputException>().WithMessage($"{tiny.Config}*{says}*");
    }

    [Theory]
    [InlineData("processor_config.json", """{"image_token": "<pad>"}""")]
    [InlineData("tokenizer_config.json", """{"image_token": "<pad>"}""")]
    [InlineData("tokenizer_config.json", """{"extra_special_tokens": {"image_token": "<pad>"}}""")]
    [InlineData("tokenizer_config.json", """{"model_specific_special_tokens": {"image_token": "<pad>"}}""")]
    [InlineData("special_tokens_map.json", """{"image_token": {"content": "<pad>"}}""")]
    public void A_processor_or_tokenizer_that_names_another_image_token_is_an_error_of_the_plan(
        string file,
        string json
    )
    {
        using var tiny = new TinyLlava();
        string path = Path.Combine(tiny.Folder, file);
        File.WriteAllText(path, json);
        Planning(tiny).Should().Throw<InputException>().WithMessage($"{path}*image_token '<pad>'*'<image>'*");
        File.WriteAllText(path, json.Replace("<pad>", "<image>", StringComparison.Ordinal));
        Planning(tiny).Should().NotThrow();
    }

    [Fact]
    public void A_tokenizer_with_more_tokens_than_the_embedding_has_rows_is_an_error_of_the_plan()
    {
        using var tiny = new TinyLlava();
        string tokenizer = Path.Combine(tiny.Folder, "tokenizer.json");
        File.WriteAllText(
            tokenizer,
            File.ReadAllText(tokenizer).Replace("\"W\":", "\"W\":500,\"unused\":", StringComparison.Ordinal)
        );
        Planning(tiny).Should().Throw<InputException>().WithMessage("*gives token 500*112 rows*");
    }

    [Fact]
    public void An_end_of_answers_that_is_no_id_is_an_error_of_the_plan()
    {
        using var tiny = new TinyLlava();
        string file = Path.Combine(tiny.Folder, "generation_config.json");
        File.WriteAllText(file, """{"eos_token_id": "</s>"}""");
        Planning(tiny).Should().Throw<InputException>().WithMessage($"{file}*'eos_token_id'*integers*");
    }

    [Theory]
    [InlineData(LastNorm, float.NaN, "NaN")]
    [InlineData(Head, float.PositiveInfinity, "")]
    [InlineData("multi_modal_projector.linear_1.weight", float.NaN, "NaN")]
    public void A_weight_that_is_not_finite_stops_the_first_pass_by_the_models_name(
        string tensor,
        float value,
        string says
    )
    {
        using var tiny = new TinyLlava();
        tiny.Fill(tensor, value);
        using VisionLanguageModel model = tiny.Load();
        using ImageFeatures features = model.Features(TinyLlava.Noise(1));
        using PrefixCache cache = PrefixCache.Compute(model, model.Prompt("What?", features.Tokens), features);
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        foreach (
            Action pass in (Action[])
                [
                    () => IntactRun.Compute(cache).Dispose(),
                    () =>
                        new SuffixForward(
                            cache,
                            blocks,
                            model.Measure(new Measured.Logit(17, LogitMean.Rows))
                        ).Dispose(),
                ]
        )
        {
            pass.Should().Throw<InputException>().WithMessage($"{tiny.Folder}: *logit that is *{says}*float32*");
        }
    }

    [GoldenTheory("llavanext")]
    [InlineData("preprocessor_config.json", "*image_grid_pinpoints (none: the published ones*than config.json.*")]
    [InlineData("config.json", "*image_grid_pinpoints than config.json (none: the published ones*")]
    public void A_list_of_sizes_that_only_one_file_has_is_the_classs_or_refused(string without, string says)
    {
        using var golden = new GoldenCase(Golden.Path("llavanext"));
        using SavedFolder saved = SavedFolder.Of(golden, "model");
        string file = saved.File(without);
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        json.Remove("image_grid_pinpoints").Should().BeTrue();
        File.Delete(file);
        File.WriteAllText(file, json.ToJsonString());
        ModelInfo info = ModelInfo.Read(saved.Path);
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, golden.Image))
            .Should()
            .Throw<InputException>()
            .WithMessage(says);
    }

    private static Action Planning(TinyLlava tiny) =>
        () =>
        {
            ReadResult spec = ExperimentReader.Parse(
                $$"""
                name: tiny
                model: { path: {{tiny.Folder}}, device: cpu }
                data: { kind: folder, images: {{tiny.Folder}} }
                stages:
                  answers: { stage: answer-questions, keep: 1 }
                """,
                "tiny.yaml",
                tiny.Folder
            );
            spec.Errors.Should().BeEmpty();
            using var engine = new Engine(new FileDigests(null), new PictureVerdicts(null))
            {
                Runs = new RunFolders(tiny.Folder),
            };
            _ = new StageContext(spec.Experiments[0], engine, "run tiny.yaml");
        };
}
