using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// Attention in a tower of the Qwen families: one layer for queries, keys and values, turned by a patch's row and
/// column; every patch sees its whole piece of the picture.
/// </summary>
internal sealed class QwenAttention
{
    private readonly int heads;
    private readonly ILinear qkv,
        output;

    /// <summary>Claims its tensors.</summary>
    /// <param name="weights">At <c>attn</c>.</param>
    /// <param name="width">Features of a patch.</param>
    /// <param name="heads">Heads.</param>
    public QwenAttention(Weights weights, int width, int heads)
    {
        this.heads = heads;
        qkv = weights.Linear("qkv", 3 * width, width, bias: true);
        output = weights.Linear("proj", width, width, bias: true);
    }

    /// <summary>Its tensors.</summary>
    /// <param name="prefix">What they lie below, with the dot.</param>
    /// <param name="width">Features of a patch.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, long width) =>
        [
            .. ExpectedTensor.Linear($"{prefix}qkv", 3 * width, width, bias: true),
            .. ExpectedTensor.Linear($"{prefix}proj", width, width, bias: true),
        ];

    /// <summary>Demands heads that rows and columns can turn: a quarter of a head's features each way.</summary>
    /// <exception cref="Domain.Errors.InputException">They do not divide.</exception>
    public static void RequireHeads(ModelConfig vision, string widthKey, int width, int heads)
    {
        if (width % heads != 0 || width / heads % 4 != 0)
        {
            throw vision.Error("num_heads", $"does not fit: {widthKey} / num_heads must be a multiple of 4.");
        }
    }

    /// <summary>Tables that turn queries and keys.</summary>
    /// <param name="patches">Row and column of each patch, in the order of the rows of x.</param>
    /// <param name="headDim">Features of a head.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="like">Device and type.</param>
    public static Rotary Rotary(
        IReadOnlyCollection<(int Row, int Column)> patches,
        int headDim,
        double theta,
        torch.Tensor like
    )
    {
        torch.Tensor Axis(Func<(int Row, int Column), int> of) =>
            torch.tensor([.. patches.Select(at => (long)of(at))], dtype: torch.ScalarType.Int64, device: like.device);
        return Tensors.Rotary.OfGrid(Axis(at => at.Row), Axis(at => at.Column), headDim, theta, like.dtype);
    }

    /// <summary>What the heads hear.</summary>
    /// <param name="x">[patches, width], normed.</param>
    /// <param name="rotary">Tables of the patches.</param>
    /// <param name="pieces">Patches of each piece, in the order of the rows; null = the whole picture is one.</param>
    /// <returns>[patches, width].</returns>
    public torch.Tensor Forward(torch.Tensor x, Rotary rotary, IReadOnlyList<long>? pieces = null)
    {
        using var scope = torch.NewDisposeScope();
        // [3, heads, patches, d]
        torch.Tensor split = qkv.Forward(x).view(x.shape[0], 3, heads, -1).permute(1, 2, 0, 3);
        torch.Tensor queries = rotary.Apply(split[0]).unsqueeze(0),
            keys = rotary.Apply(split[1]).unsqueeze(0),
            values = split[2].unsqueeze(0);
        torch.Tensor heard = pieces is null
            ? F.scaled_dot_product_attention(queries, keys, values)
            : ByPiece(queries, keys, values, pieces);
        return output.Forward(Decoder.ByRow(heard.squeeze(0))).MoveToOuterDisposeScope(); // of [heads, patches, d]
    }

    private static torch.Tensor ByPiece(
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        IReadOnlyList<long> pieces
    )
    {
        var heard = new List<torch.Tensor>();
        long at = 0;
        foreach (long length in pieces)
        {
            heard.Add(
                F.scaled_dot_product_attention(
                    queries.narrow(2, at, length),
                    keys.narrow(2, at, length),
                    values.narrow(2, at, length)
                )
            );
            at += length;
        }

        return torch.cat(heard, 2);
    }
}
