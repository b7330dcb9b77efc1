using System.Globalization;
using FluentAssertions;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// <c>check --against</c> from its help to its exit codes; what it compares is held against the golden cases elsewhere.
/// </summary>
public sealed class AgainstTests : IDisposable
{
    private static readonly string Model = Path.Combine(
        HostProcess.RepositoryRoot,
        "experiments",
        "quickstart",
        "micro-llava"
    );
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Help_and_readme_show_the_script_that_writes_the_reference()
    {
        string script = File.ReadAllText(
            Path.Combine(HostProcess.RepositoryRoot, "src", "Host", "Commands", "reference.py")
        );
        var (code, help, _) = HostProcess.Run(["check", "--help"]);
        code.Should().Be(0);
        help.Should().Contain(script).And.Contain("--against");
        File.ReadAllText(Path.Combine(HostProcess.RepositoryRoot, "README.md")).Should().Contain(script.TrimEnd());
    }

    [Fact]
    public void The_same_numbers_end_with_0_another_id_with_1_no_reference_with_2()
    {
        string same = Write("same.json", shift: 0),
            other = Write("other.json", shift: 1);
        var (code, text, errors) = Check(same);
        code.Should().Be(0, text + errors);
        text.Should().Contain("Both compute the same.").And.NotContain("FAILED");

        (code, text, errors) = Check(other);
        code.Should().Be(1, text + errors);
        text.Should().Contain("First difference: prompt ids, position 0: ").And.Contain("FAILED");

        (code, _, errors) = Check(Path.Combine(folder.Path, "none.json"));
        code.Should().Be(2);
        errors.Should().Contain("none.json").And.NotContain("   at ");
    }

    public void Dispose() => folder.Dispose();

    private (int Code, string Text, string Errors) Check(string reference) =>
        HostProcess.Run([
            "check",
            Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart.yaml"),
            "--against",
            reference,
            "--artifacts",
            Path.Combine(folder.Path, "artifacts"),
        ]);

    /// <summary>What the bundled model gives for a bundled picture, with the first id shifted.</summary>
    private string Write(string name, int shift)
    {
        const string question = "What color is it?";
        string picture = Directory
            .EnumerateFiles(Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "images"))
            .Order(StringComparer.Ordinal)
            .First();
        using VisionLanguageModel model = VisionLanguageModel.Load(Model, Arithmetic.Float32);
        using ImageFeatures features = model.Features(PictureDecoder.Decode(picture));
        using PrefixCache prefix = PrefixCache.Compute(model, model.Prompt(question, features.Tokens), features);
        using IntactRun intact = IntactRun.Compute(prefix);
        int[] ids = [.. prefix.Prompt.Ids];
        ids[0] += shift;
        int layers = prefix.Decoder.Shape.Layers;
        string file = Path.Combine(folder.Path, name);
        File.WriteAllText(
            file,
            $$"""
            { "picture": "{{picture}}", "question": "{{question}}", "dtype": "float32",
              "input_ids": [{{string.Join(", ", ids)}}],
              "top_tokens": [{{intact.Target}}], "top_logits": [{{Number(intact.Logits[intact.Target])}}],
              "key_norms": [{{Norms(layers, layer => prefix.Image(layer).Keys)}}],
              "value_norms": [{{Norms(layers, layer => prefix.Image(layer).Values)}}] }
            """
        );
        return file;
    }

    private static string Norms(int layers, Func<int, TorchSharp.torch.Tensor> of) =>
        string.Join(
            ", ",
            Enumerable
                .Range(0, layers)
                .Select(layer =>
                {
                    using TorchSharp.torch.Tensor norm = of(layer).norm();
                    return Number(norm.data<float>()[0]);
                })
        );

    private static string Number(float value) => value.ToString("R", CultureInfo.InvariantCulture);
}
