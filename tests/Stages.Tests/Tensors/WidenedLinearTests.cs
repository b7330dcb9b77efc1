using FluentAssertions;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

/// <summary>Gradients through packed weights.</summary>
public sealed class WidenedLinearTests
{
    public WidenedLinearTests() => TorchNative.Touch();

    public static TheoryData<torch.ScalarType, int, int, bool> Layers()
    {
        var layers = new TheoryData<torch.ScalarType, int, int, bool>();
        foreach (
            torch.ScalarType type in new[]
            {
                torch.ScalarType.BFloat16,
                torch.ScalarType.Float16,
                torch.ScalarType.Float32,
            }
        )
        {
            foreach (
                (int outFeatures, int inFeatures) in new[] { (1, 1), (7, 3), (16, 16), (33, 385), (70, 128), (200, 64) }
            )
            {
                layers.Add(type, outFeatures, inFeatures, outFeatures % 2 == 0);
            }
        }

        return layers;
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void Weights_come_back_exactly_and_product_and_gradient_are_those_of_libtorchs_layer_to_the_bit(
        torch.ScalarType type,
        int outFeatures,
        int inFeatures,
        bool bias
    )
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(1);
        torch.Tensor weight = torch.randn(outFeatures, inFeatures).to(type);
        torch.Tensor? shift = bias ? torch.randn(outFeatures).to(type) : null;
        using var packed = new PackedLinear(weight, shift);
        using var widened = new WidenedLinear(packed);
        using var plain = new TorchLinear(weight.to(torch.ScalarType.Float32), shift?.to(torch.ScalarType.Float32));

        Floats(packed.Widened()).Should().Equal(Floats(weight.to(torch.ScalarType.Float32)));
        (widened.OutFeatures, widened.InFeatures).Should().Be((outFeatures, inFeatures));
        torch.Tensor x = torch.randn(5, inFeatures),
            pull = torch.randn(5, outFeatures);
        Floats(widened.Forward(x)).Should().Equal(Floats(plain.Forward(x)));
        var (value, gradient) = Gradient(widened, x, pull);
        var (expectedValue, expectedGradient) = Gradient(plain, x, pull);
        value.Should().Equal(expectedValue);
        gradient.Should().Equal(expectedGradient);
    }

    [Fact]
    public void Subnormal_and_signed_zero_weights_come_back_exactly()
    {
        using var scope = torch.NewDisposeScope();
        foreach (torch.ScalarType type in new[] { torch.ScalarType.Float16, torch.ScalarType.BFloat16 })
        {
            torch.Tensor weight = torch
                .tensor([0f, -0f, 5.96e-8f, -5.96e-8f, 6.1e-5f, 127.9f, -127.9f, 1f], [2, 4])
                .to(type);
            using var packed = new PackedLinear(weight, null);
            Floats(packed.Widened())
                .Select(BitConverter.SingleToInt32Bits)
                .Should()
                .Equal(Floats(weight.to(torch.ScalarType.Float32)).Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Fact]
    public void Under_no_grad_nothing_is_recorded()
    {
        using var scope = torch.NewDisposeScope();
        using var packed = new PackedLinear(torch.randn(8, 8), null);
        using var widened = new WidenedLinear(packed);
        using var noGradient = torch.no_grad();

        widened.Forward(torch.randn(2, 8).requires_grad_()).requires_grad.Should().BeFalse();
    }

    private static (float[] Value, float[] Gradient) Gradient(ILinear layer, torch.Tensor x, torch.Tensor pull)
    {
        torch.Tensor own = x.detach().clone().requires_grad_();
        torch.Tensor y = layer.Forward(own);
        y.mul(pull).sum().backward();
        return (Floats(y.detach()), Floats(own.grad!));
    }

    private static float[] Floats(torch.Tensor tensor) => tensor.contiguous().data<float>().ToArray();
}
