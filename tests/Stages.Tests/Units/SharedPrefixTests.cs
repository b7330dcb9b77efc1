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
        using Engine engine = NewEngine();
        StageContext context = ContextOf(engine);
        string file = Pictures[0];
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
    public void No_more_pictures_are_kept_than_the_bound_and_those_at_work()
    {
        using Engine engine = NewEngine();
        StageContext context = ContextOf(engine);
        PrefixCache Prefix(int picture) => context.Source.Prefix(new PictureFile(Pictures[picture]), "?", []);
        Lease<Sample> Prepare(int picture) => engine.Sample($"sample {picture}", () => new Sample(Prefix(picture)));

        for (int i = 0; i < 4; i++)
        {
            using (Lease<Sample> sample = Prepare(i))
            {
                engine.Pictures.Count.Should().BeLessThanOrEqualTo(1, "none is computed yet");
                sample.Value.Prefix.Image(0).Should().NotBeNull();
                engine.Pictures.Count.Should().Be(1, "an idle sample goes with its picture when another comes");
            }

            using PrefixCache again = Prefix(i);
            engine.Pictures.Computed.Should().Be(i + 1, "a picture that was just at work is kept");
        }

        using (PrefixCache one = Prefix(3))
        using (PrefixCache other = Prefix(0))
        {
            engine.Pictures.Count.Should().Be(2, "what is at work stays");
        }

        Prefix(1).Dispose();
        engine.Pictures.Count.Should().Be(1);
        engine.ResidentPictures = 2;
        Prefix(2).Dispose();
        Prefix(1).Dispose();
        Prefix(3).Dispose();
        int computed = engine.Pictures.Computed;
        Prefix(1).Dispose();
        engine.Pictures.Computed.Should().Be(computed, "the one that was used longest ago made room");
        engine.Pictures.Count.Should().Be(2);
    }

    [Fact]
    public void A_sample_that_cannot_be_prepared_gives_its_picture_back()
    {
        using Engine engine = NewEngine();
        StageContext context = ContextOf(engine);
        var failing = () =>
        {
            using Lease<Sample> lease = engine.Sample<Sample>("broken", () => throw new InvalidDataException("broken"));
            return lease.Value;
        };
        failing.Should().Throw<InvalidDataException>();
        context.Source.Prefix(new PictureFile(Pictures[0]), "?", []).Dispose();
        context.Source.Prefix(new PictureFile(Pictures[1]), "?", []).Dispose();
        engine.Pictures.Count.Should().Be(1);
        using Lease<Sample> sound = engine.Sample(
            "broken",
            () => new Sample(context.Source.Prefix(new PictureFile(Pictures[1]), "?", []))
        );
        sound.Value.Prefix.Origin.Image(0).Should().BeSameAs(sound.Value.Prefix.Image(0), "it is tried again");
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

    private static string Quickstart => Path.Combine(Golden.RepositoryRoot(), "experiments", "quickstart");

    private static string[] Pictures { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Quickstart, "images")).Order(StringComparer.Ordinal).Take(4)];

    private Engine NewEngine() =>
        new(new FileDigests(null), new PictureVerdicts(null)) { Runs = new RunFolders(folder) };

    private StageContext ContextOf(Engine engine)
    {
        string spec = Path.Combine(folder, "spec.yaml");
        File.WriteAllText(
            spec,
            $$"""
            name: shared
            model: { path: "{{Quickstart}}/micro-llava", device: cpu }
            data: { kind: folder, images: "{{Quickstart}}/images" }
            stages: { answers: { stage: answer-questions } }
            """
        );
        return new StageContext(ExperimentReader.Read(spec).Experiments[0], engine, "test");
    }

    private sealed record Sample(PrefixCache Prefix) : IOverPictures
    {
        public IEnumerable<PrefixCache> Pictures => [Prefix.Origin];

        public void Dispose() => Prefix.Dispose();
    }
}
