using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Models.Making;

/// <summary>Written folders: narrow decoders with the published kinds of tensors, tokenizers and processors.</summary>
public sealed class RandomModelTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("random-model").FullName;

    /// <summary>One model of each family and kind of decoder.</summary>
    public static TheoryData<string> Kinds =>
        [
            "llava-1.5-7b-hf",
            "llava-v1.6-vicuna-7b-hf",
            "InternVL2_5-1B",
            "InternVL2_5-2B",
            "Qwen2-VL-2B-Instruct",
            "Qwen2-VL-7B-Instruct",
            "llava-onevision-qwen2-0.5b-ov-hf",
            "gemma-3-4b-it",
            "Qwen2.5-VL-3B-Instruct",
            "Qwen3-VL-8B-Instruct",
        ];

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_written_folder_is_a_checkpoint_with_every_planned_tensor(string name)
    {
        TorchNative.Touch();
        RandomModel plan = Narrow(name);
        string folder = Path.Combine(root, name);
        plan.Write(folder);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        checkpoint.Tensors.Keys.Should().BeEquivalentTo(plan.Tensors.Select(t => t.Name));
        foreach (PlannedTensor tensor in plan.Tensors)
        {
            checkpoint.Tensors[tensor.Name].Shape.Should().Equal(tensor.Shape, tensor.Name);
            checkpoint.Tensors[tensor.Name].Type.Should().Be(plan.Model.Recipe.Stored, tensor.Name);
        }

        Directory
            .EnumerateFiles(folder)
            .Select(f => Path.GetFileName(f))
            .Should()
            .Contain(HubFiles.Of(plan.Model))
            .And.Contain("README.md");
        Directory.EnumerateFileSystemEntries(root).Should().ContainSingle("nothing unfinished is left");
    }

    /// <summary>
    /// Families that have a class of their name in Models load, look at a picture, read the prompt and answer.
    /// </summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_written_model_loads_sees_a_picture_and_answers_with_words(string name) =>
        LooksAndAnswers(Narrow(name));

    /// <summary>
    /// Layer upon layer of random weights: nothing overflows, and the picture is not lost on the way.
    /// </summary>
    [Theory]
    [InlineData("llava-1.5-7b-hf")]
    [InlineData("InternVL2_5-2B")]
    [InlineData("Qwen2-VL-2B-Instruct")]
    [InlineData("Qwen2.5-VL-3B-Instruct")]
    [InlineData("Qwen3-VL-2B-Instruct")]
    public void At_the_published_depth_logits_stay_finite_and_the_image_still_matters(string name)
    {
        PublishedModel published = PublishedModel.Named(name);
        LooksAndAnswers(
            new RandomModel(
                Narrow(name).Model with
                {
                    Layers = published.Layers,
                    VisionLayers = published.VisionLayers,
                },
                seed: 0
            )
        );
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        string Digest(string folder, int seed)
        {
            new RandomModel(Narrow("llava-1.5-7b-hf").Model, seed).Write(Path.Combine(root, folder));
            using FileStream weights = File.OpenRead(Path.Combine(root, folder, "model.safetensors"));
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(weights));
        }

        string first = Digest("a", 5);
        Digest("b", 5).Should().Be(first);
        Digest("c", 6).Should().NotBe(first);
    }

    [Fact]
    public void A_folder_that_holds_something_and_a_file_are_refused_and_left_as_they_are()
    {
        RandomModel plan = Narrow("llava-1.5-7b-hf");
        string full = Directory.CreateDirectory(Path.Combine(root, "full")).FullName,
            note = Path.Combine(full, "note.txt");
        File.WriteAllText(note, "mine");
        FluentActions.Invoking(() => plan.Write(full)).Should().Throw<InputException>().WithMessage("*not empty*");
        FluentActions
            .Invoking(() => plan.Write(note))
            .Should()
            .Throw<InputException>()
            .WithMessage("*file of this name*");
        File.ReadAllText(note).Should().Be("mine");
    }

    [Fact]
    public void A_cancelled_write_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        FluentActions
            .Invoking(() => Narrow("llava-1.5-7b-hf").Write(Path.Combine(root, "model"), cancel: cancel.Token))
            .Should()
            .Throw<OperationCanceledException>();
        Directory.EnumerateFileSystemEntries(root).Should().BeEmpty();
    }

    [Fact]
    public void Shards_come_with_an_index_that_the_checkpoint_reader_follows()
    {
        PlannedTensor[] tensors = [.. Enumerable.Range(0, 5).Select(i => PlannedTensor.Weight($"w{i}", 1, 8, 16))];
        ShardPlan plan = ShardPlan.Of(tensors, torch.ScalarType.BFloat16, largest: 600);
        foreach (Shard shard in plan.Shards)
        {
            SafeTensorsWriter.Write(
                Path.Combine(root, shard.File),
                [
                    .. shard.Tensors.Select(t => new TensorToWrite(t.Name, torch.ScalarType.BFloat16, t.Shape, s =>
                        RandomValues.Write(t, torch.ScalarType.BFloat16, 0, s)
                    )),
                ]
            );
        }

        File.WriteAllText(Path.Combine(root, "model.safetensors.index.json"), plan.Index());
        using Checkpoint checkpoint = Checkpoint.Open(root);
        checkpoint.Tensors.Keys.Should().BeEquivalentTo("w0", "w1", "w2", "w3", "w4");
        plan.Shards.Should().HaveCount(3);
    }

    private void LooksAndAnswers(RandomModel plan)
    {
        string folder = Path.Combine(root, plan.Model.Name);
        plan.Write(folder);
        TorchNative.Touch();
        ModelInfo info = ModelInfo.Read(folder);
        info.Decoder.Should()
            .Match<DecoderShape>(d =>
                d.Layers == plan.Model.Layers
                && d.Heads == plan.Model.Heads
                && d.KvHeads == plan.Model.KvHeads
                && d.Hidden == plan.Model.Hidden
            );
        using VisionLanguageModel model = VisionLanguageModel.Load(
            folder,
            Arithmetic.Resolve("cpu", "auto", "auto", info.Stored)
        );
        model.TensorCount.Should().Be(plan.Tensors.Count);

        using ImageFeatures features = model.Features(Stripes(336));
        PromptTokens prompt = model.Prompt(
            "What is the main object in the image? Please answer with a single word.",
            features.Tokens
        );
        using PrefixCache cache = PrefixCache.Compute(model, prompt, features);
        using IntactRun run = IntactRun.Compute(cache);
        double[] logits = [.. run.Logits.Select(l => (double)l)];
        logits.Should().OnlyContain(l => double.IsFinite(l));
        Math.Sqrt(logits.Average(l => l * l)).Should().BeInRange(0.2, 5, "logits spread, but not without bounds");
        model.Answer([run.Target]).Should().NotBeEmpty();

        torch.Tensor attention = run.Attention(0); // [H, T, P]
        attention.max().item<float>().Should().BeGreaterThan(4f / prompt.ImageLength, "heads prefer some image tokens");
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        OutputMeasure target = model.Measure(new Measured.Logit(run.Target, LogitMean.Rows));
        using var suffix = new SuffixForward(cache, blocks, target);
        double ablated = suffix.Logits([HeadMasks.None(info.TotalHeads)])[0];
        Math.Abs(suffix.Intact - ablated).Should().BeGreaterThan(0.01, "the image must matter");
    }

    /// <summary>
    /// Two decoder layers of 512 features and four heads, two vision blocks: the vision tower and the vocabulary keep
    /// their size.
    /// </summary>
    private static RandomModel Narrow(string name)
    {
        PublishedModel model = PublishedModel.Named(name);
        int kvHeads = model.KvHeads == model.Heads ? 4 : 2;
        return new RandomModel(
            model with
            {
                Layers = 2,
                VisionLayers = 2,
                Hidden = 512,
                Heads = 4,
                KvHeads = kvHeads,
                HeadDim = 128,
                Intermediate = 256,
            },
            seed: 0
        );
    }

    private static Picture Stripes(int side)
    {
        var rgb = new byte[side * side * 3];
        for (int i = 0; i < rgb.Length; i++)
        {
            rgb[i] = (byte)((i / 3 % side / 24 * 97) ^ (i / 3 / side / 24 * 53) ^ (i % 3 * 71));
        }

        return new Picture(side, side, rgb);
    }
}
