using FluentAssertions;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

/// <summary>The way back through packed weights: slope W, against libtorch's product.</summary>
public sealed class PackedBackwardTests
{
    public PackedBackwardTests() => TorchNative.Touch();

    public static TheoryData<string, torch.ScalarType> Kernels()
    {
        var kernels = new TheoryData<string, torch.ScalarType>();
        foreach (PackedTile tile in Enum.GetValues<PackedTile>().Where(t => t >= PackedKernels.Best))
        {
            kernels.Add(tile.ToString(), torch.ScalarType.BFloat16);
            kernels.Add(tile.ToString(), torch.ScalarType.Float16);
            kernels.Add(tile.ToString(), torch.ScalarType.Float32);
        }

        return kernels;
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Any_shape_gives_libtorchs_product_with_the_matrix(string kernel, torch.ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(1);
        foreach (
            (int rows, int outFeatures, int inFeatures) in new[]
            {
                (1, 1, 1),
                (3, 7, 3),
                (14, 32, 32),
                (15, 33, 31),
                (29, 385, 100),
                (92, 400, 161),
                (330, 65, 777),
                (5, 1500, 40),
            }
        )
        {
            torch.Tensor weight = torch.randn(outFeatures, inFeatures).to(type);
            using var packed = new PackedLinear(weight, null, Enum.Parse<PackedTile>(kernel));
            torch.Tensor slope = torch.randn(rows, outFeatures);
            torch.Tensor wide = weight.to(torch.ScalarType.Float64),
                expected = slope.to(torch.ScalarType.Float64).mm(wide); // [rows, in]
            double error = (packed.Backward(slope).to(torch.ScalarType.Float64) - expected).abs().max().item<double>();
            error.Should().BeLessThan(1e-6 * outFeatures, $"{rows} x {outFeatures} x {inFeatures}");
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_rows_bits_do_not_depend_on_batch_and_threads_nor_on_the_kernel(string kernel, torch.ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(2);
        torch.Tensor weight = torch.randn(1200, 700).to(type),
            slope = torch.randn(400, 1200);
        using var packed = new PackedLinear(weight, null, Enum.Parse<PackedTile>(kernel));
        float[] together = Floats(packed.Backward(slope));
        int threads = PackedLinear.Threads;
        try
        {
            PackedLinear.Threads = 1;
            Floats(packed.Backward(slope)).Should().Equal(together);
            Floats(packed.Backward(slope.narrow(0, 17, 9))).Should().Equal(together[(17 * 700)..(26 * 700)]);
        }
        finally
        {
            PackedLinear.Threads = threads;
        }

        using var best = new PackedLinear(weight, null);
        Floats(best.Backward(slope)).Should().Equal(together);
    }

    private static float[] Floats(torch.Tensor x) => x.contiguous().data<float>().ToArray();
}
