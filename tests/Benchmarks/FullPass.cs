using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Benchmarks;

/// <summary>
/// The peer: one decoder layer as a plain program writes it with libtorch, over all tokens of a prompt, no ablation and
/// no mask to apply (which would cost it more). Whole batches of prompts, fused attention, the type of the weights
/// throughout.
/// </summary>
internal sealed class FullPass
{
    private readonly PublishedModel model;
    private readonly torch.Tensor q,
        k,
        v,
        o,
        gate,
        up,
        down,
        norm;

    /// <summary>A layer of random weights.</summary>
    public FullPass(PublishedModel model, torch.ScalarType type)
    {
        this.model = model;
        Type = type;
        torch.Tensor Weight(int outputs, int inputs)
        {
            using torch.Tensor stored = RandomDecoder.Weight(outputs, inputs);
            return stored.to(type);
        }

        q = Weight(model.QueryWidth, model.Hidden);
        k = Weight(model.KeyWidth, model.Hidden);
        v = Weight(model.KeyWidth, model.Hidden);
        o = Weight(model.Hidden, model.QueryWidth);
        gate = Weight(model.Intermediate, model.Hidden);
        up = Weight(model.Intermediate, model.Hidden);
        down = Weight(model.Hidden, model.Intermediate);
        norm = torch.ones(model.Hidden, dtype: type);
    }

    /// <summary>Of weights and activations.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>float32, bfloat16.</summary>
    public string Name => $"libtorch {Type.ToString().ToLowerInvariant()}";

    /// <summary>Bytes of the weights.</summary>
    public long Bytes =>
        new[] { q, k, v, o, gate, up, down }.Sum(w => w.numel()) * (Type == torch.ScalarType.Float32 ? 4 : 2);

    /// <summary>The layer.</summary>
    /// <param name="batch">Prompts.</param>
    /// <param name="tokens">Tokens of each.</param>
    public void Run(int batch, int tokens)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        torch.Tensor x = torch.ones([(long)batch * tokens, model.Hidden], dtype: Type); // [B*T, hidden]
        torch.Tensor normed = Normed(x);
        torch.Tensor ByHead(torch.Tensor rows, int heads) =>
            rows.view(batch, tokens, heads, model.HeadDim).transpose(1, 2); // [B, heads, T, d]
        torch.Tensor queries = Rotated(ByHead(F.linear(normed, q), model.Heads)),
            keys = Rotated(ByHead(F.linear(normed, k), model.KvHeads)),
            values = ByHead(F.linear(normed, v), model.KvHeads);
        int group = model.Heads / model.KvHeads;
        torch.Tensor heads = F.scaled_dot_product_attention(
            queries,
            keys.repeat_interleave(group, 1),
            values.repeat_interleave(group, 1),
            null,
            0,
            true
        ); // [B, H, T, d]
        x = x.Plus(F.linear(heads.transpose(1, 2).reshape(x.shape[0], model.QueryWidth), o));
        normed = Normed(x);
        x.Plus(F.linear(F.silu(F.linear(normed, gate)).mul(F.linear(normed, up)), down));
    }

    private torch.Tensor Normed(torch.Tensor x)
    {
        torch.Tensor wide = x.to(torch.ScalarType.Float32);
        torch.Tensor scale = wide.pow(Scalars.Of(2)).mean([-1], keepdim: true).Plus(torch.tensor(1e-5f)).rsqrt();
        return wide.mul(scale).to(Type).mul(norm);
    }

    /// <summary>Rotary positions, as Hugging Face's classes apply them; the angles do not matter to the time.</summary>
    private torch.Tensor Rotated(torch.Tensor heads)
    {
        long half = model.HeadDim / 2;
        torch.Tensor cos = torch.ones([heads.shape[2], model.HeadDim], dtype: Type),
            sin = torch.zeros([heads.shape[2], model.HeadDim], dtype: Type);
        torch.Tensor turned = torch.cat([heads.narrow(-1, half, half).neg(), heads.narrow(-1, 0, half)], -1);
        return heads.mul(cos).Plus(turned.mul(sin));
    }
}
