using System.Runtime.InteropServices;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Ablation;

public sealed class BatchesTests
{
    private const string OnCuda = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of …";

    [Theory]
    [InlineData(OnCuda)]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")]
    [InlineData("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 40 bytes.")]
    public void A_batch_that_memory_does_not_suffice_for_is_repeated_in_halves(string message)
    {
        var batches = new Batches(8);
        var sizes = new List<int>();
        int[] squares = batches.Each([.. Enumerable.Range(0, 11)], (int[] batch) =>
        {
            sizes.Add(batch.Length);
            return batch.Length > 2 ? throw new TorchFailure(message) : (int[])[.. batch.Select(i => i * i)];
        });
        squares.Should().Equal(Enumerable.Range(0, 11).Select(i => i * i));
        sizes.Should().Equal(8, 4, 2, 2, 2, 2, 2, 1);
        batches.Size.Should().Be(2, "the next batches need no failure to be small");
    }

    [Fact]
    public void One_item_that_does_not_fit_and_other_failures_are_not_repeated()
    {
        var batches = new Batches(4);
        batches
            .Invoking(b => b.Each<int, int>([1, 2, 3], _ => throw new TorchFailure(OnCuda)))
            .Should()
            .Throw<ExternalException>()
            .WithMessage("*out of memory*");
        batches.Size.Should().Be(1);
        int calls = 0;
        new Batches(4)
            .Invoking(b =>
                b.Each<int, int>([1, 2, 3], _ =>
                {
                    calls++;
                    throw new TorchFailure("shape mismatch");
                })
            )
            .Should()
            .Throw<ExternalException>()
            .WithMessage("shape*");
        calls.Should().Be(1);
    }

    [Theory]
    [InlineData("packed", 0)]
    [InlineData("torch", 1e-5)]
    public void Halved_batches_give_the_same_f_and_gradients(string linear, double tolerance)
    {
        using var sample = new Sample(linear);
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        byte[][] masks = sample.Masks(20);
        double[][] points = [.. masks.Select(mask => GatedForward.PointOf(mask, sample.Heads))];
        var little = new LittleMemory(sample.Target, rows: 3);
        using var whole = new SuffixForward(sample.Cache, blocks, sample.Target, batch: 8);
        using var halved = new SuffixForward(sample.Cache, blocks, little, batch: 8);
        Near(halved.Logits(masks), whole.Logits(masks));
        halved.Batch.Should().Be(2);
        var wholeGates = GatedForward.Of(sample.Cache, blocks, sample.Target, batch: 8);
        var halvedGates = GatedForward.Of(sample.Cache, blocks, little, batch: 8);
        IReadOnlyList<GatedLogit> expected = wholeGates.Gradients(points),
            found = halvedGates.Gradients(points);
        halvedGates.Batch.Should().Be(2);
        Near([.. found.Select(g => g.F)], [.. expected.Select(g => g.F)]);
        Near([.. found.SelectMany(g => g.Gradient)], [.. expected.SelectMany(g => g.Gradient)]);

        void Near(double[] these, double[] those) =>
            these.Zip(those, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThanOrEqualTo(tolerance);
    }

    [Theory]
    [InlineData("packed")]
    [InlineData("torch")]
    public void Live_tensors_are_as_many_after_each_of_1000_batches(string linear)
    {
        using var sample = new Sample(linear);
        using BaselineBlocks blocks = BaselineBlocks.Of(sample.Mean, sample.Cache);
        using var forward = new SuffixForward(sample.Cache, blocks, sample.Target, batch: 1);
        var gates = GatedForward.Of(sample.Cache, blocks, sample.Target, batch: 1);
        AblationMask[] masks = [.. sample.Masks(2).Select(m => new AblationMask(m)), .. sample.TokenMasks(2)];
        double[] point = GatedForward.PointOf(masks[0].Heads, sample.Heads);
        PackedLinear.Threads = 1; // all tensors are then made, and counted, on this thread
        ThreadDisposeScopeStatistics counted = DisposeScopeManager.Statistics;
        long before = 0;
        for (int i = 0; i < 1000; i++)
        {
            forward.Logits([masks[i % masks.Length]]);
            if (i % 10 == 0)
            {
                gates.Gradients([point]);
            }

            before = i == 0 ? counted.ThreadTotalLiveCount : before;
            counted.ThreadTotalLiveCount.Should().Be(before, $"after batch {i}");
        }
    }

    [Fact]
    public void A_batch_on_a_device_follows_its_free_memory()
    {
        using var sample = new Sample("torch");
        Arithmetic half = Arithmetic.Float32 with { Compute = torch.ScalarType.BFloat16 };
        PromptTokens prompt = sample.Cache.Prompt;
        int Masks(long free, Arithmetic of) => SuffixForward.BatchIn(free, sample.Shape, of, prompt);
        int Points(long free, Arithmetic of) => GatedForward.BatchIn(free, sample.Shape, of, prompt);
        foreach (Func<long, Arithmetic, int> batch in new[] { Masks, (Func<long, Arithmetic, int>)Points })
        {
            batch(0, half).Should().Be(1);
            batch(1L << 40, half).Should().BeInRange(64, 256);
            long some = 1;
            while (batch(some, Arithmetic.Float32) < 8)
            {
                some *= 2;
            }

            batch(some / 4, Arithmetic.Float32).Should().BeLessThan(8);
            batch(some, half).Should().BeInRange(16, 32, "numbers of half the size");
        }

        DeviceMemory.Free(torch.CPU).Should().BeNull("the plan looks after the machine's memory");
    }

    /// <summary>What TorchSharp throws is an ExternalException, which none but the runtime should make.</summary>
    private sealed class TorchFailure(string message) : ExternalException(message);

    /// <summary>A measure that has no room for more rows than some.</summary>
    private sealed class LittleMemory(OutputMeasure measure, int rows) : OutputMeasure(measure.What)
    {
        internal override torch.Tensor Read(torch.Tensor normed) => measure.Read(Room(normed));

        internal override (torch.Tensor Read, torch.Tensor Slope) ReadWithSlope(torch.Tensor normed) =>
            measure.ReadWithSlope(Room(normed));

        internal override double[] OfRead(double[] numbers) => measure.OfRead(numbers);

        private torch.Tensor Room(torch.Tensor normed) =>
            normed.shape[0] > rows ? throw new TorchFailure(OnCuda) : normed;
    }
}
