using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// The prompt template from the command line: shown, part of every key, refused before anything runs.
/// </summary>
public sealed class PromptTemplateTests
{
    private const string Template =
        "{% for m in messages %}[{% for p in m.content %}{{ '<image>' if p.type == 'image' else p.text }}{% endfor "
        + "%}]{% endfor %}";

    [Fact]
    public void The_folders_template_is_rendered_shown_by_check_and_part_of_the_key()
    {
        using var experiment = new CopiedExperiment();
        string[] published = experiment.Key();
        Part(published).Should().Contain("prompt llava").And.Contain("has no template");
        File.WriteAllText(Path.Combine(experiment.Model, "chat_template.jinja"), Template);
        string[] own = experiment.Key();
        Part(own).Should().Contain("chat_template.jinja");
        own.Except(published).Should().OnlyContain(l => l.Contains("template", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(experiment.Model, "chat_template.jinja"), Template + " ");
        Part(experiment.Key()).Should().NotBe(Part(own), "a blank more is another prompt");
        experiment
            .Key("--set", "model.template=llava")
            .Should()
            .Contain(l => l.Contains("prompt llava", StringComparison.Ordinal));

        var (code, check, errors) = experiment.Run("check");
        code.Should().Be(0, check + errors);
        check
            .Should()
            .Contain("prompt template: chat_template.jinja (")
            .And.NotContain("USER")
            .And.Contain("All checks passed.");

        static string Part(string[] key) =>
            key.Where(l => l.Contains("model.template", StringComparison.Ordinal)).Distinct().Single();
    }

    [Theory]
    [InlineData(
        "{{ messages[0].role }}",
        "model.template=auto",
        "chat_template.jinja: is no chat template for a picture and a question"
    )]
    [InlineData(
        "<image>{{ messages[0].content[1].text }}\n<think>\n\n",
        "model.template=auto",
        "chat_template.jinja: ends in '<think>'"
    )]
    [InlineData(Template, "model.template=vicnua", "did you mean vicuna")]
    [InlineData(Template, "model.template=own.jinja", "there is no template at")]
    [InlineData(Template, "prompt=What is left of <image> here?", "prompt: holds '<image>'")]
    public void A_prompt_that_cannot_be_is_refused_before_anything_runs(string template, string setting, string why)
    {
        using var experiment = new CopiedExperiment();
        File.WriteAllText(Path.Combine(experiment.Model, "chat_template.jinja"), template);
        var (code, output, errors) = experiment.Run("run", "--set", setting);
        code.Should().Be(2, output + errors);
        errors.Should().Contain(why).And.NotContain("   at ");
        Directory
            .EnumerateFiles(experiment.Folder, "manifest.json", SearchOption.AllDirectories)
            .Should()
            .BeEmpty("nothing was computed");
    }

    [Fact]
    public void A_template_file_is_found_beside_the_spec()
    {
        using var experiment = new CopiedExperiment();
        File.WriteAllText(Path.Combine(experiment.Folder, "own.jinja"), Template);
        experiment
            .Key("--set", "model.template=own.jinja")
            .Should()
            .Contain(l =>
                l.Contains("model.template", StringComparison.Ordinal)
                && l.Contains("own.jinja", StringComparison.Ordinal)
            );
    }

    /// <summary>A spec on a copy of the bundled model, whose files may be changed.</summary>
    private sealed class CopiedExperiment : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public CopiedExperiment()
        {
            string quickstart = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart");
            Directory.CreateDirectory(Model);
            foreach (string file in Directory.EnumerateFiles(Path.Combine(quickstart, "micro-llava")))
            {
                File.Copy(file, Path.Combine(Model, Path.GetFileName(file)));
            }

            File.WriteAllText(
                Path.Combine(Folder, "spec.yaml"),
                $$"""
                name: templates
                seed: 3
                model: { path: model, device: cpu }
                data: { kind: coco, images: {{quickstart}}/images, annotations: {{quickstart}}/instances.json }
                stages:
                  answers: { stage: answer-questions, keep: 2 }
                  baseline: { stage: collect-mean-kv, images: 4 }
                  masks: { stage: sample-masks, count: 20 }
                  forward: { stage: forward-passes }

                """
            );
        }

        public string Folder => folder.Path;

        public string Model => Path.Combine(Folder, "model");

        public (int ExitCode, string Output, string Errors) Run(string command, params string[] arguments) =>
            HostProcess.Run([
                command,
                Path.Combine(Folder, "spec.yaml"),
                "--artifacts",
                Path.Combine(Folder, "artifacts"),
                .. arguments,
            ]);

        /// <summary>The parts of the first unit's key, as <c>explain</c> shows them.</summary>
        public string[] Key(params string[] arguments)
        {
            var (code, output, errors) = HostProcess.Run([
                "explain",
                "answers",
                "--spec",
                Path.Combine(Folder, "spec.yaml"),
                "--artifacts",
                Path.Combine(Folder, "artifacts"),
                .. arguments,
            ]);
            code.Should().Be(0, output + errors);
            return [.. output.Split('\n').Where(l => l.StartsWith("    ", StringComparison.Ordinal))];
        }

        public void Dispose() => folder.Dispose();
    }
}
