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

    [Theory]
    [InlineData(3)]
    [InlineData(16 << 20)]
    public void A_tensor_with_memory_of_its_own_lives_as_long_as_its_last_view_and_then_gives_it_back(int numbers)
    {
        long before = Environment.WorkingSet;
        for (int i = 0; i < 20; i++)
        {
            torch.Tensor tensor = NativePages.Zeros([numbers], torch.ScalarType.Float32);
            ((long)TorchNative.Pointer(tensor) % 64).Should().Be(0, "kernels read whole vectors");
            using torch.Tensor view = tensor[^1..];
            tensor.count_nonzero().item<long>().Should().Be(0);
            tensor.fill_(i);
            tensor.Dispose();
            view.item<float>().Should().Be(i);
        }

        (Environment.WorkingSet - before).Should().BeLessThan(20L * (16 << 20) * sizeof(float) / 2);
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
