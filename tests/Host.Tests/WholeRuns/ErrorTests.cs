using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Bad input: a clear error, exit code 2, nothing run, never a stack trace.</summary>
public sealed class ErrorTests
{
    [Fact]
    public void All_errors_of_a_spec_are_shown_at_once_with_their_places()
    {
        using var experiment = new SmallExperiment();
        string text = File.ReadAllText(experiment.Spec)
            .Replace("stage: regress", "stage: regres", StringComparison.Ordinal)
            .Replace("count: 60", "count: many", StringComparison.Ordinal);
        File.WriteAllText(experiment.Spec, text);
        var (code, _, errors) = HostProcess.Run(experiment.Arguments());
        code.Should().Be(2);
        errors
            .Should()
            .Contain("small.yaml:8:")
            .And.Contain("small.yaml:10:")
            .And.Contain("regress")
            .And.Contain("many");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    [Theory]
    [InlineData("--set", "stages.masks.cuont=5", "count")]
    [InlineData("--set", "model.path=/nowhere/llava-1.5-7b-hf", "llava-1.5-7b-hf")]
    [InlineData("--set", "model.device=gpu", "cuda")]
    [InlineData("--jobs", "0", "at least 1")]
    public void A_bad_option_is_refused_with_what_would_be_right(string option, string value, string right)
    {
        using var experiment = new SmallExperiment();
        var (code, output, errors) = HostProcess.Run(experiment.Arguments(option, value));
        code.Should().Be(2, output + errors);
        errors.Should().Contain(right).And.NotContain("   at ");
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var (code, _, errors) = HostProcess.RunApart("nothing.yaml");
        code.Should().Be(2);
        errors.Should().Contain("nothing.yaml").And.NotContain("   at ");
    }

    [Theory]
    [InlineData("model.image.size=336", "LLaVA-1.5 has no such choice. It has fit.")]
    [InlineData("model.image.tiles=0", "1 to 64")]
    [InlineData("model.image.other_sizes=rejct", "reject")]
    public void An_image_setting_that_the_model_does_not_have_is_refused(string setting, string right)
    {
        using var experiment = new SmallExperiment();
        var (code, output, errors) = HostProcess.Run(experiment.Arguments("--set", setting));
        code.Should().Be(2, output + errors);
        errors.Should().Contain("model.image").And.Contain(right).And.NotContain("   at ");
    }

    [Theory]
    [InlineData("model.safetensors", null, "there are no weights")]
    [InlineData("model.safetensors", "", "empty")]
    [InlineData("model.safetensors", "version https://git-lfs.github.com/spec/v1", "git lfs pull")]
    [InlineData("config.json", """{"model_type":"llama","architectures":["LlamaForCausalLM"]}""", "text-only")]
    [InlineData(
        "config.json",
        """{"model_type":"llava","quantization_config":{"quant_method":"gptq"}}""",
        "quantised (gptq)"
    )]
    [InlineData("tokenizer.json", "version https://git-lfs.github.com/spec/v1", "git lfs pull")]
    [InlineData("preprocessor_config.json", "version https://git-lfs.github.com/spec/v1", "git lfs pull")]
    public void A_model_folder_that_is_of_no_use_ends_with_2_before_anything_runs(
        string file,
        string? content,
        string message
    )
    {
        using var experiment = new SmallExperiment();
        using var folder = new TemporaryFolder();
        string micro = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "micro-llava");
        foreach (string original in Directory.EnumerateFiles(micro))
        {
            File.Copy(original, Path.Combine(folder.Path, Path.GetFileName(original)));
        }

        string wrong = Path.Combine(folder.Path, file);
        File.Delete(wrong);
        if (content is not null)
        {
            File.WriteAllText(wrong, content);
        }

        foreach (string command in (string[])["run", "check", "plan"])
        {
            var (code, output, errors) = HostProcess.Run([
                command,
                .. experiment.Arguments("--set", $"model.path={folder.Path}"),
            ]);
            code.Should().Be(2, output + errors);
            errors.Should().Contain(message).And.Contain(folder.Path).And.NotContain("   at ");
        }

        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    [Theory]
    [InlineData("stages.masks.ablate=0.001", "every mask would be the same")]
    [InlineData("stages.forward.min_gap=900", "no sample is left")]
    [InlineData("stages.baseline.images=9999", "fewer than the 9999")]
    public void A_setting_that_leaves_nothing_to_analyse_is_refused_in_one_sentence(string setting, string reason)
    {
        using var experiment = new SmallExperiment();
        var (code, output, errors) = HostProcess.Run(experiment.Arguments("--set", setting));
        code.Should().Be(2, output + errors);
        errors.Should().Contain(reason).And.NotContain("   at ");
        string samples = Path.Combine(experiment.RunFolder, "tables", "samples.csv");
        errors
            .Contains(samples, StringComparison.Ordinal)
            .Should()
            .Be(reason.StartsWith("no sample", StringComparison.Ordinal), "the answers tell why no sample is left");
        if (File.Exists(samples))
        {
            File.ReadAllText(samples).Should().Contain(",right,", "what was asked is left, whatever stopped the run");
        }
    }

    [Fact]
    public void A_prompt_that_is_longer_with_its_picture_than_the_sliding_window_is_refused_before_anything_runs()
    {
        using var experiment = new SmallExperiment();
        string model = experiment.CopyModel(),
            config = Path.Combine(model, "config.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(config))!;
        json["text_config"]!["model_type"] = "mistral";
        json["text_config"]!["sliding_window"] = 150; // the picture has 144 tokens, the prompt with it some more
        File.WriteAllText(config, json.ToJsonString());
        var (code, output, errors) = HostProcess.Run(["plan", .. experiment.Arguments("--set", $"model.path={model}")]);
        code.Should().Be(2, output + errors);
        errors
            .Should()
            .Contain("text_config.sliding_window")
            .And.Contain("more than 150 tokens")
            .And.Contain("the prompt with its picture has")
            .And.NotContain("   at ");
    }

    [Fact]
    public void A_place_for_artifacts_that_is_none_is_refused()
    {
        using var experiment = new SmallExperiment();
        var (code, _, errors) = HostProcess.Run(experiment.Spec, "--artifacts", experiment.Spec);
        code.Should().Be(2);
        errors.Should().Contain("--artifacts").And.NotContain("   at ");
    }

    [Theory]
    [InlineData("forward/nowhere", "has no unit or sample 'nowhere'")]
    [InlineData("forward/", null)]
    [InlineData("forwrd", "Did you mean 'forward'?")]
    public void Explaining_what_is_not_there_is_an_error_that_says_how_to_see_what_is(string what, string? refused)
    {
        using var experiment = SmallExperiment.AfterRun();
        var (code, output, errors) = HostProcess.Run(
            "explain",
            what,
            "--spec",
            experiment.Spec,
            "--artifacts",
            experiment.Artifacts
        );
        code.Should().Be(refused is null ? 0 : 2, output + errors);
        if (refused is null)
        {
            output.Should().Contain("target_token");
        }
        else
        {
            errors.Should().Contain(refused);
        }

        if (refused is null || what != "forward/nowhere")
        {
            return;
        }

        errors.Should().Contain("ask ").And.Contain("samples.csv").And.NotContain("   at ");

        string id = File.ReadLines(Path.Combine(experiment.RunFolder, "tables", "samples.csv"))
            .Skip(1)
            .First()
            .Split(',')[0];
        HostProcess
            .Run("explain", "forward/" + id, "--spec", experiment.Spec, "--artifacts", experiment.Artifacts)
            .Output.Should()
            .Contain($"{id}/ends")
            .And.Contain("target_token");
        HostProcess
            .Run("explain", "forward/" + id[..^1], "--spec", experiment.Spec, "--artifacts", experiment.Artifacts)
            .ExitCode.Should()
            .Be(2, "a part of an id is no sample");
    }

    [Fact]
    public void A_report_of_what_was_never_run_is_refused()
    {
        using var experiment = new SmallExperiment();
        var (code, _, errors) = HostProcess.Run("report", experiment.Spec, "--artifacts", experiment.Artifacts);
        code.Should().Be(2);
        errors.Should().Contain("Run the experiment first").And.NotContain("   at ");
    }

    [Fact]
    public void A_damaged_picture_is_rejected_with_its_reason_and_the_rest_goes_on()
    {
        using var experiment = new SmallExperiment();
        string pictures = experiment.FolderOfPictures("a.jpg", "b.jpg", "c.jpg", "d.jpg");
        File.WriteAllBytes(Path.Combine(pictures, "b.jpg"), File.ReadAllBytes(Path.Combine(pictures, "b.jpg"))[..200]);
        File.WriteAllText(
            experiment.Spec,
            $$"""
            name: small
            model: { path: {{experiment.Model}}, device: cpu }
            data: { kind: folder, images: {{pictures}} }
            stages:
              answers: { stage: answer-questions, keep: 4 }
              baseline: { stage: collect-mean-kv, kind: zero }
              masks: { stage: sample-masks, count: 20 }
              forward: { stage: forward-passes }

            """
        );
        experiment.Run().Should().Contain("3 answered, none judged: no labels; 1 picture could not be asked about");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "tables", "samples.csv"))
            .Should()
            .Contain("rejected,the picture");
    }
}
