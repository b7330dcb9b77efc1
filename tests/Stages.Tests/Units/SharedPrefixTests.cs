using FluentAssertions;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Units;

/// <summary>What the model computes of a picture is computed once for all questions about it.</summary>
public sealed class SharedPrefixTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public void Questions_about_one_picture_share_its_keys_and_values_whatever_the_picture_is_called()
    {
        string quickstart = Path.Combine(Golden.RepositoryRoot(), "experiments", "quickstart");
        string spec = Path.Combine(folder, "spec.yaml");
        File.WriteAllText(
            spec,
            $$"""
            name: shared
            model: { path: "{{quickstart}}/micro-llava", device: cpu }
            data: { kind: folder, images: "{{quickstart}}/images" }
            stages: { answers: { stage: answer-questions } }
            """
        );
        using var engine = new Engine(new FileDigests(null), new PictureVerdicts(null))
        {
            Runs = new RunFolders(folder),
        };
        var context = new StageContext(ExperimentReader.Read(spec).Experiments[0], engine, "test");
        string file = Directory
            .EnumerateFiles(Path.Combine(quickstart, "images"))
            .Order(StringComparer.Ordinal)
            .First();
        string copy = Path.Combine(folder, "other-name.bin");
        File.Copy(file, copy);

        using PrefixCache first = context.Source.Prefix(new PictureFile(file), "Which animal is it?", []);
        using PrefixCache second = context.Source.Prefix(
            new PictureFile(copy),
            "What color is the ground under it?",
            []
        );
        using PrefixCache given = context.Source.Prefix(new PictureFile(file), "Which animal is it?", [5]);

        second.Image(0).Should().BeSameAs(first.Image(0));
        second.Prefix(3).Should().BeSameAs(first.Prefix(3));
        given.Image(1).Should().BeSameAs(first.Image(1));
        given.Prompt.SuffixLength.Should().Be(first.Prompt.SuffixLength + 1);
        second.Prompt.SuffixLength.Should().NotBe(first.Prompt.SuffixLength);
    }

    [Fact]
    public void A_shared_prefix_gives_the_bits_of_one_computed_for_the_question_alone()
    {
        string quickstart = Path.Combine(Golden.RepositoryRoot(), "experiments", "quickstart");
        using var model = VisionLanguageModel.Load(
            Path.Combine(quickstart, "micro-llava"),
            Arithmetic.Resolve("cpu", "float32", "packed", TorchSharp.torch.ScalarType.BFloat16)
        );
        Picture picture = PictureDecoder.Decode(Path.Combine(quickstart, "images", "000000000001.jpg"));
        using ImageFeatures features = model.Features(picture);
        var prompt = model.Prompt("What is the main object in the image?", features.Tokens);
        using PrefixCache alone = PrefixCache.Compute(model, prompt, features);
        using PrefixCache any = PrefixCache.Compute(model, model.Prompt("?", features.Tokens), features);
        using PrefixCache shared = any.AskedAlso(prompt, model.Positions(prompt, features.Tokens));
        using IntactRun one = IntactRun.Compute(alone),
            other = IntactRun.Compute(shared);
        other.Logits.Should().Equal(one.Logits);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
