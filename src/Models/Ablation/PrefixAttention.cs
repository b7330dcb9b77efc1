using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Attention of the tokens before the suffix among themselves: causal, inside a layer's window, and where the class has
/// it so the image tokens of a run see each other both ways.
/// </summary>
internal sealed class PrefixAttention
{
    private readonly DecoderShape shape;
    private readonly torch.Tensor? all; // of layers without a window
    private readonly torch.Tensor? windowed; // of those with one

    /// <summary>Makes what all layers share, in the caller's dispose scope.</summary>
    public PrefixAttention(Decoder decoder, PromptTokens prompt)
    {
        shape = decoder.Shape;
        all = Mask(null, prompt, decoder);
        windowed = shape.Sliding is { } sliding ? Mask(sliding.Window, prompt, decoder) : null;
    }

    /// <summary>The heads' outputs.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">[H, S + P, d], rotated.</param>
    /// <param name="keys">[H_kv, S + P, d], rotated.</param>
    /// <param name="values">[H_kv, S + P, d].</param>
    /// <returns>[H, S + P, d], owned by the caller's dispose scope.</returns>
    public torch.Tensor Forward(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values)
    {
        using var scope = torch.NewDisposeScope();
        int group = shape.Group;
        torch.Tensor k = group == 1 ? keys : keys.repeat_interleave(group, 0);
        torch.Tensor v = group == 1 ? values : values.repeat_interleave(group, 0);
        // libtorch divides by the root of d
        torch.Tensor q =
            shape.ScoreScalar == shape.HeadDim
                ? queries
                : queries.mul(Scalars.Of(Math.Sqrt(shape.HeadDim / shape.ScoreScalar)));
        torch.Tensor? mask = shape.WindowOf(layer) is null ? all : windowed;
        torch.Tensor heads =
            q.device_type == DeviceType.META
                ? Spelled(q, k, v, mask)
                : F.scaled_dot_product_attention(
                        q.unsqueeze(0),
                        k.unsqueeze(0),
                        v.unsqueeze(0),
                        attn_mask: mask,
                        is_casual: mask is null
                    )
                    .squeeze(0);
        return heads.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same in single operations, for the device without data: C++ libtorch has no masked attention there. On CPUs
    /// and cards the fused one is faster, and holds no scores.
    /// </summary>
    private static torch.Tensor Spelled(torch.Tensor q, torch.Tensor k, torch.Tensor v, torch.Tensor? mask)
    {
        torch.Tensor scores = q.mul(Scalars.Of(1 / Math.Sqrt(q.shape[2]))).bmm(k.transpose(1, 2));
        return scores.Plus(mask ?? CausalMask.Of(q.shape[1], q.shape[1], q)).softmax(-1).bmm(v);
    }

    /// <summary>Minus infinity where a query does not see a key; null where attention is plainly causal.</summary>
    /// <returns>[S + P, S + P].</returns>
    private static torch.Tensor? Mask(int? window, PromptTokens prompt, Decoder decoder)
    {
        DecoderShape shape = decoder.Shape;
        int length = prompt.SuffixStart;
        if (!shape.ImageSeesItself && (window ?? length) >= length)
        {
            return null;
        }

        int[] run = new int[length]; // number of the run that a token is in; 0 = text
        for (int r = 0; r < prompt.ImageRuns.Count; r++)
        {
            run.AsSpan(prompt.ImageRuns[r].Start, prompt.ImageRuns[r].Length).Fill(r + 1);
        }

        float[] mask = new float[length * length];
        for (int i = 0; i < length; i++)
        {
            for (int j = 0; j < length; j++)
            {
                bool together = shape.ImageSeesItself && run[i] != 0 && run[i] == run[j];
                bool seen = (j <= i || together) && (window is null || i - j < window);
                mask[(i * length) + j] = seen ? 0 : float.NegativeInfinity;
            }
        }

        return torch.tensor(
            mask,
            [length, length],
            dtype: decoder.Arithmetic.Compute,
            device: decoder.Arithmetic.Device
        );
    }
}
