using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Keys and values of a run of tokens in one layer, shared by every mask. Keys lie transposed and padded with zeros to
/// a multiple of <see cref="Padding"/> tokens, so that scores are plain row-major products on any device and the CPU
/// kernel reads whole vectors. Read-only.
/// </summary>
/// <param name="KeysTransposed">[H_kv, d, padded], contiguous, rotated.</param>
/// <param name="Values">[H_kv, length, d], contiguous.</param>
/// <param name="Length">Tokens.</param>
public sealed record KeyValueBlock(torch.Tensor KeysTransposed, torch.Tensor Values, int Length) : IDisposable
{
    /// <summary>Floats of the widest vector.</summary>
    public const int Padding = 16;

    /// <summary>Tokens with padding.</summary>
    public int Padded => PaddedTo(Length);

    /// <summary>[H_kv, d, length], a view.</summary>
    public torch.Tensor Keys => KeysTransposed.narrow(2, 0, Length);

    /// <summary>Copies keys and values into the block's layout; the block belongs to no dispose scope.</summary>
    /// <param name="keys">[H_kv, length, d].</param>
    /// <param name="values">[H_kv, length, d].</param>
    public static KeyValueBlock Of(torch.Tensor keys, torch.Tensor values)
    {
        using var scope = torch.NewDisposeScope();
        long heads = keys.shape[0],
            length = keys.shape[1],
            d = keys.shape[2];
        torch.Tensor transposed = Lasting(keys, [heads, d, PaddedTo((int)length)]);
        transposed.narrow(2, 0, length).copy_(keys.transpose(1, 2));
        torch.Tensor kept = Lasting(values, [heads, length, d]);
        kept.copy_(values);
        return new KeyValueBlock(transposed.DetachFromDisposeScope(), kept.DetachFromDisposeScope(), (int)length);
    }

    /// <summary>A block of these tokens and more behind them.</summary>
    /// <param name="keys">[H_kv, more, d], rotated.</param>
    /// <param name="values">[H_kv, more, d].</param>
    public KeyValueBlock With(torch.Tensor keys, torch.Tensor values)
    {
        using var scope = torch.NewDisposeScope();
        return Of(torch.cat([KeysByToken(), keys], 1), torch.cat([Values, values], 1));
    }

    /// <summary>Keys as the attention uses them.</summary>
    /// <returns>[H_kv, length, d], a view.</returns>
    public torch.Tensor KeysByToken() => KeysTransposed.narrow(2, 0, Length).transpose(1, 2);

    /// <inheritdoc/>
    public void Dispose()
    {
        KeysTransposed.Dispose();
        Values.Dispose();
    }

    /// <summary>Zeros of a tensor's type on its device that outlive the pass at work.</summary>
    private static torch.Tensor Lasting(torch.Tensor like, long[] shape) =>
        like.device_type == DeviceType.CPU
            ? NativePages.Zeros(shape, like.dtype)
            : torch.zeros(shape, dtype: like.dtype, device: like.device);

    private static int PaddedTo(int length) => (length + Padding - 1) / Padding * Padding;
}
