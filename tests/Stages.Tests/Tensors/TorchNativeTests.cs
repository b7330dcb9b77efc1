using FluentAssertions;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed unsafe class TorchNativeTests
{
    [Fact]
    public void A_tensor_on_foreign_memory_shows_that_memory()
    {
        float[] values = GC.AllocateArray<float>(6, pinned: true);
        fixed (float* pointer = values)
        {
            using torch.Tensor tensor = TorchNative.FromMemory((nint)pointer, torch.ScalarType.Float32, [2, 3]);
            TorchNative.Pointer(tensor).Should().Be((nint)pointer);
            values[4] = 7;
            tensor[1, 1].item<float>().Should().Be(7);
            tensor.add_(1);
            values.Should().Equal(1, 1, 1, 1, 8, 1);
        }
    }

    [Fact]
    public void The_weakened_copy_is_made_once_by_any_number_of_processes()
    {
        string? package = typeof(TorchNative)
            .Assembly.GetCustomAttributesData()
            .Select(a => a.ConstructorArguments)
            .Where(a => a.Count == 2 && a[0].Value is "TorchSharpNative")
            .Select(a => (string?)a[1].Value)
            .FirstOrDefault();
        string native = Path.Combine(package ?? "", "libLibTorchSharp.so");
        if (!File.Exists(native))
        {
            return; // another system, or a published program: nothing to weaken
        }

        var copies = new string[8];
        Parallel.For(0, copies.Length, i => copies[i] = WeakenedLibrary.Of(native));
        copies.Distinct().Should().ContainSingle();
        new FileInfo(copies[0]).Length.Should().Be(new FileInfo(native).Length);
        Directory.EnumerateFiles(Path.GetDirectoryName(copies[0])!, "*.tmp").Should().BeEmpty();
        File.ReadAllBytes(copies[0])
            .Zip(File.ReadAllBytes(native))
            .Count(b => b.First != b.Second)
            .Should()
            .Be(1, "one flag differs");
    }
}
