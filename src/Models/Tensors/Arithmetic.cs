using System.Globalization;
using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>Which implementation of <see cref="ILinear"/> computes the large matrix products.</summary>
public enum LinearChoice
{
    /// <summary>libtorch's, in the compute type, on any device, with autograd.</summary>
    Torch,

    /// <summary>
    /// Our packed CPU kernel: weights as stored, sums in float32, a row's bits the same whatever the batch; with a way
    /// back of its own.
    /// </summary>
    Packed,
}

/// <summary>
/// Where and in which numbers a model is computed. What was resolved changes bytes, so it is part of every key of what
/// a model computed.
/// </summary>
/// <param name="Device">CPU or one CUDA device.</param>
/// <param name="Compute">Type of activations: float32, bfloat16, float16 (CUDA), or float64 (tests).</param>
/// <param name="Linear">Implementation of the linear layers.</param>
public sealed record Arithmetic(torch.Device Device, torch.ScalarType Compute, LinearChoice Linear)
{
    /// <summary>The setting that errors about a device name.</summary>
    public const string DeviceSetting = "model.device";

    /// <summary>float32 on the CPU with libtorch's products.</summary>
    public static Arithmetic Float32 => new(torch.CPU, torch.ScalarType.Float32, LinearChoice.Torch);

    /// <summary>float64 on the CPU: the reference for finite differences.</summary>
    public static Arithmetic Float64 => new(torch.CPU, torch.ScalarType.Float64, LinearChoice.Torch);

    /// <summary>
    /// Readable and stable, for cache keys and reports: <c>cpu float32 packed</c>. The number of the CUDA device is no
    /// part of it: it does not change bytes.
    /// </summary>
    public string Key =>
        $"{(Device.type == DeviceType.CUDA ? "cuda" : "cpu")} {TypeName(Compute)} "
        + $"{(Linear == LinearChoice.Packed ? "packed" : "torch")}";

    /// <inheritdoc/>
    public override string ToString() =>
        Device.type == DeviceType.CUDA ? $"cuda:{Math.Max(0, Device.index)}{Key[4..]}" : Key;

    /// <summary>Settles what the spec leaves to the program.</summary>
    /// <param name="device">auto (CUDA where there is one, else the CPU) | cpu | cuda | cuda:N.</param>
    /// <param name="compute">auto (float32 on the CPU, the stored type on CUDA) | float32 | bfloat16 | float64.</param>
    /// <param name="linear">auto (packed on the CPU in float32, else torch) | torch | packed.</param>
    /// <param name="stored">Type of the checkpoint's weights.</param>
    /// <exception cref="InputException">Unknown value, a CUDA device that is not there, or a choice that cannot be had
    /// together.</exception>
    public static Arithmetic Resolve(string device, string compute, string linear, torch.ScalarType stored)
    {
        TorchNative.Touch();
        torch.Device on = ResolveDevice(device);
        bool cuda = on.type == DeviceType.CUDA;
        torch.ScalarType type = compute switch
        {
            "auto" => cuda ? stored : torch.ScalarType.Float32,
            "float32" => torch.ScalarType.Float32,
            "bfloat16" => torch.ScalarType.BFloat16,
            "float64" => torch.ScalarType.Float64,
            _ => throw new InputException(
                "model.compute",
                $"'{compute}' is not a type to compute in.",
                "Allowed: auto, float32, bfloat16."
            ),
        };
        bool canPack = !cuda && type == torch.ScalarType.Float32;
        LinearChoice choice = linear switch
        {
            "auto" => canPack ? LinearChoice.Packed : LinearChoice.Torch,
            "torch" => LinearChoice.Torch,
            "packed" when canPack => LinearChoice.Packed,
            "packed" => throw new InputException(
                "engine.linear",
                $"'packed' computes in float32 on a CPU, not in {TypeName(type)} on {(cuda ? "CUDA" : "a CPU")}.",
                "Use auto or torch."
            ),
            _ => throw new InputException(
                "engine.linear",
                $"'{linear}' is not a kind of linear layer.",
                "Allowed: auto, torch, packed."
            ),
        };
        return new Arithmetic(on, type, choice);
    }

    /// <summary>A type's name as specs and reports write it: float32, bfloat16, …</summary>
    internal static string TypeName(torch.ScalarType type) => type.ToString().ToLowerInvariant();

    private static torch.Device ResolveDevice(string device)
    {
        switch (device)
        {
            case "cpu":
                return torch.CPU;
            case "auto":
                return torch.cuda.is_available() ? Working(torch.CUDA) : torch.CPU;
            case "cuda":
                RequireCuda(device, 0);
                return Working(torch.CUDA);
            default:
                if (
                    device.StartsWith("cuda:", StringComparison.Ordinal)
                    && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                )
                {
                    RequireCuda(device, index);
                    return Working(torch.device(DeviceType.CUDA, index));
                }

                throw new InputException(
                    DeviceSetting,
                    $"'{device}' is not a device.",
                    "Allowed: auto, cpu, cuda, cuda:N."
                );
        }
    }

    private static torch.Device Working(torch.Device device)
    {
        torch.backends.cudnn.allow_tf32 = false; // else a tower's convolution has 10 bits where float32 is asked for
        TorchNative.RequireWorking(device, DeviceSetting);
        return device;
    }

    private static void RequireCuda(string device, int index)
    {
        if (!torch.cuda.is_available())
        {
            throw new InputException(
                DeviceSetting,
                $"'{device}' was asked for, but libtorch sees no CUDA device.",
                "Name a PyTorch for CUDA in model.libtorch, or build with -p:Cuda=true, on a machine with an NVIDIA "
                    + "driver; or use device: cpu."
            );
        }

        if (index >= torch.cuda.device_count())
        {
            throw new InputException(
                DeviceSetting,
                $"'{device}' was asked for, but there are {torch.cuda.device_count()} CUDA devices.",
                "The first is cuda:0."
            );
        }
    }
}
