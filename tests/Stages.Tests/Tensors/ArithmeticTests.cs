using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class ArithmeticTests
{
    public ArithmeticTests() => TorchNative.Touch();

    [Theory]
    [InlineData("auto", "auto", "cpu float32 packed")]
    [InlineData("auto", "torch", "cpu float32 torch")]
    [InlineData("bfloat16", "auto", "cpu bfloat16 torch")]
    [InlineData("float64", "auto", "cpu float64 torch")]
    [InlineData("float32", "packed", "cpu float32 packed")]
    public void On_a_cpu_auto_means_float32_and_the_packed_kernel(string compute, string linear, string expected)
    {
        Arithmetic arithmetic = Arithmetic.Resolve("cpu", compute, linear, torch.ScalarType.Float16);
        arithmetic.Key.Should().Be(expected);
        arithmetic.ToString().Should().Be(expected);
    }

    [Theory]
    [InlineData("tpu", "auto", "auto", "*model.device*'tpu'*auto, cpu, cuda*")]
    [InlineData("cuda:x", "auto", "auto", "*model.device*'cuda:x'*")]
    [InlineData("cuda:-1", "auto", "auto", "*model.device*'cuda:-1'*")]
    [InlineData("cpu", "int8", "auto", "*model.compute*'int8'*")]
    [InlineData("cpu", "auto", "fast", "*engine.linear*'fast'*")]
    [InlineData("cpu", "bfloat16", "packed", "*engine.linear*float32*bfloat16*")]
    public void What_cannot_be_had_is_an_input_error(string device, string compute, string linear, string complaint) =>
        FluentActions
            .Invoking(() => Arithmetic.Resolve(device, compute, linear, torch.ScalarType.Float16))
            .Should()
            .Throw<InputException>()
            .WithMessage(complaint);

    [Fact]
    public void Cuda_without_a_device_is_an_input_error_that_says_what_to_do()
    {
        if (!torch.cuda.is_available())
        {
            FluentActions
                .Invoking(() => Arithmetic.Resolve("cuda:1", "auto", "auto", torch.ScalarType.Float16))
                .Should()
                .Throw<InputException>()
                .WithMessage("*no CUDA device*-p:Cuda=true*");
        }
    }
}
