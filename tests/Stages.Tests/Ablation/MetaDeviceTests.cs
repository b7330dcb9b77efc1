using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Models;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

/// <summary>
/// The passes as a card would run them, on libtorch's device without data: an operation that meets a tensor of another
/// device throws there, and so does each copy to the CPU. What this finds are tensors made on the wrong device and
/// transfers inside a batch; it says nothing of values, nor of copies to the device, nor of the vision towers, whose
/// convolution and layer norm C++ libtorch cannot run on meta: the picture's features are computed on the CPU and
/// moved.
/// </summary>
public sealed class MetaDeviceTests
{
    private static readonly torch.Device Meta = new(DeviceType.META);

    public static TheoryData<string> Cases()
    {
        var data = new TheoryData<string>();
        foreach (string folder in Golden.Cases())
        {
            data.Add(Golden.NameOf(folder));
        }

        return data;
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Prefix_suffix_and_gradient_passes_make_all_on_the_device_and_read_it_once_a_batch(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel here = Load(golden, torch.CPU),
            there = Load(golden, Meta);
        using ImageFeatures features = here.Features(golden.Picture(0)),
            moved = On(Meta, features);
        PromptTokens prompt = here.Tokenize(golden.Prompt, features.Tokens);
        using Baseline.Mean mean = MeanOf(here, golden);
        foreach (Measured what in Kinds(golden))
        {
            PromptTokens given = prompt.FollowedBy(what.Given);
            using PrefixCache cache = PrefixCache.Compute(there, given, moved);
            var target = new ReadNothing(there.Measure(what));
            foreach (Baseline baseline in Sample.AllBaselines(mean))
            {
                using BaselineBlocks blocks = BaselineBlocks.Of(baseline, cache);
                using var suffix = new SuffixForward(cache, blocks, target, batch: 3);
                target.Reads = 0;
                suffix.Logits(Masks(there, given)).Should().HaveCount(8);
                target.Reads.Should().Be(3, "eight masks are three batches");
                GatedForward gates = GatedForward.Of(cache, blocks, target, batch: 3);
                double[][] points = Points(there);
                gates.Logits(points);
                target.Reads.Should().Be(4);
                // Forward and back are over when the first copy is asked for: that of logits and gradients together
                gates
                    .Invoking(g => g.Gradients(points))
                    .Should()
                    .Throw<Exception>()
                    .Where(e => IsHostCopy(e), "nothing else may leave the device")
                    .Which.StackTrace.Should()
                    .Contain(nameof(AutogradGates));
                target.Slopes.Should().BePositive();
            }

            if (given.SuffixLength > what.Scored.Count)
            {
                AfterTokens(cache, target);
            }
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void What_f_is_measured_from_leaves_the_device_by_the_one_way(string name)
    {
        using var golden = new GoldenCase(Golden.Case(name));
        using VisionLanguageModel there = Load(golden, Meta);
        using torch.Tensor normed = torch.zeros([4, there.Decoder.Shape.Hidden], device: Meta);
        foreach (Measured what in Kinds(golden))
        {
            there
                .Measure(what)
                .Invoking(m => m.Of(normed))
                .Should()
                .Throw<Exception>()
                .Where(e => IsHostCopy(e), $"{what.Kind}");
        }
    }

    /// <summary>Masks under which the first text tokens see nothing of the image: a longer prefix.</summary>
    private static void AfterTokens(PrefixCache cache, OutputMeasure target)
    {
        using BaselineBlocks blocks = BaselineBlocks.Of(new Baseline.Zero(), cache);
        using var suffix = new SuffixForward(cache, blocks, target);
        using SuffixForward later = suffix.After(1);
        later.Logits([new AblationMask(HeadMasks.None(cache.Decoder.Shape.TotalHeads))]).Should().HaveCount(1);
    }

    private static bool IsHostCopy(Exception e) =>
        e.Message.Contains("meta", StringComparison.Ordinal)
        && e.StackTrace!.Contains($"{nameof(HostCopy)}.{nameof(HostCopy.Doubles)}", StringComparison.Ordinal);

    private static Measured[] Kinds(GoldenCase golden) =>
        [
            new Measured.Logit(golden.Target, LogitMean.Rows),
            new Measured.LogProbability(golden.Target),
            new Measured.Probability(golden.Target),
            new Measured.Sequence([golden.Target, golden.Target]),
        ];

    private static AblationMask[] Masks(VisionLanguageModel model, PromptTokens prompt)
    {
        int n = model.Decoder.Shape.TotalHeads;
        byte[] Drawn(string what, int i, int count) => HeadMasks.Draw(1, what, i, count, 0.5, MaskDraw.Bernoulli);
        return
        [
            .. Enumerable.Range(0, 4).Select(i => new AblationMask(Drawn("heads", i, n))),
            .. Enumerable
                .Range(4, 4)
                .Select(i => new AblationMask(
                    Drawn("heads", i, n),
                    Drawn("text", i, prompt.SuffixLength),
                    Drawn("image", i, prompt.ImageLength)
                )),
        ];
    }

    private static double[][] Points(VisionLanguageModel model) =>
        [[.. Enumerable.Range(0, model.Decoder.Shape.TotalHeads).Select(n => 1.0 / (n + 1))]];

    private static VisionLanguageModel Load(GoldenCase golden, torch.Device device) =>
        VisionLanguageModel.Load(golden.ModelFolder, Arithmetic.Float32 with { Device = device }, golden.Image);

    private static Baseline.Mean MeanOf(VisionLanguageModel model, GoldenCase golden)
    {
        using ImageFeatures features = model.Features(golden.Picture(0));
        using PrefixCache cache = PrefixCache.Compute(
            model,
            model.Tokenize(golden.Prompt, features.Tokens),
            features
        );
        using var sum = new MeanKvAccumulator(model.Info.Decoder, cache.Prompt.ImageLength, RopeOrder.Before);
        sum.Add(cache);
        return sum.ToBaseline();
    }

    private static ImageFeatures On(torch.Device device, ImageFeatures features) =>
        new(features.Features.to(device), features.Tokens)
        {
            DeepStack = [.. features.DeepStack.Select(more => more.to(device))],
        };

    /// <summary>
    /// A measure whose batches end without their transfer: what would be read is made, on the device, and zeros stand
    /// for it.
    /// </summary>
    private sealed class ReadNothing(OutputMeasure measure) : OutputMeasure(measure.What)
    {
        public int Reads { get; set; }

        public int Slopes { get; private set; }

        public override double[] Of(torch.Tensor normed)
        {
            using var scope = torch.NewDisposeScope();
            Read(normed);
            Reads++;
            return new double[normed.shape[0] / Positions];
        }

        internal override torch.Tensor Read(torch.Tensor normed)
        {
            torch.Tensor read = measure.Read(normed);
            read.device_type.Should().Be(DeviceType.META);
            return read;
        }

        internal override (torch.Tensor Read, torch.Tensor Slope) ReadWithSlope(torch.Tensor normed)
        {
            (torch.Tensor read, torch.Tensor slope) = measure.ReadWithSlope(normed);
            slope.device_type.Should().Be(DeviceType.META);
            Slopes++;
            return (read, slope);
        }

        internal override double[] OfRead(double[] numbers) => measure.OfRead(numbers);
    }
}
