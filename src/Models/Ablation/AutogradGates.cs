using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Gates by libtorch's autograd: the way of CUDA and of every type, and the twin that <see cref="PackedGates"/> is held
/// against.
/// </summary>
/// <param name="cache">Prefix and image.</param>
/// <param name="baseline">What closed gates see.</param>
/// <param name="target">Measures f.</param>
/// <param name="batch">Points computed together.</param>
internal sealed class AutogradGates(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch)
    : GatedForward(cache, baseline, target, batch)
{
    /// <summary>Numbers of a suffix token and layer that autograd keeps, scores and weights twice among them.</summary>
    public static long KeptOfToken(DecoderShape shape, PromptTokens prompt) =>
        (12L * shape.Hidden) + (4L * shape.Intermediate) + (6L * shape.Heads * prompt.Length);

    /// <inheritdoc/>
    private protected override GatedLogit[] GradientsOf(double[][] batch)
    {
        using var scope = torch.NewDisposeScope();
        using var withGradient = torch.enable_grad();
        torch.Tensor x = Gates(batch).requires_grad_(); // [B, N]
        torch.Tensor normed = Run(x); // [B*n, hidden]
        // In closed form: no graph goes through the vocabulary
        (torch.Tensor read, torch.Tensor slope) = Target.ReadWithSlope(normed.detach());
        // The points do not touch each other: row b holds the gradient of f_b
        normed.backward([slope]);
        double[][] found = HostCopy.Doubles(read, x.grad!);
        double[] logits = Target.OfRead(found[0]),
            gradients = found[1];
        Decoder.RequireFinite<double>(logits);
        int n = Decoder.Shape.TotalHeads;
        return [.. logits.Select((value, b) => new GatedLogit(value, gradients.AsSpan(b * n, n).ToArray()))];
    }

    /// <inheritdoc/>
    private protected override double[] LogitsOf(double[][] batch)
    {
        using var noGradient = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        return Target.Of(Run(Gates(batch)));
    }

    private torch.Tensor Gates(double[][] points) =>
        torch.tensor(
            [.. points.SelectMany(p => p)],
            [points.Length, Decoder.Shape.TotalHeads],
            dtype: Decoder.Arithmetic.Compute,
            device: Decoder.Arithmetic.Device
        );

    /// <summary>The suffix of B points.</summary>
    /// <param name="gates">[B, N].</param>
    /// <returns>[B*n, hidden], what leaves the final norm at the last n positions.</returns>
    private torch.Tensor Run(torch.Tensor gates)
    {
        using var scope = torch.NewDisposeScope();
        DecoderShape shape = Decoder.Shape;
        long b = gates.shape[0],
            t = Cache.Prompt.SuffixLength;
        // [B*T, hidden]
        torch.Tensor x = Cache.SuffixEmbeddings.expand(b, t, shape.Hidden).reshape(b * t, shape.Hidden);
        WindowMask window = Cache.Window((int)t);
        torch.Tensor AttendGated(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values) =>
            Attend(layer, queries, keys, values, gates.narrow(1, (long)layer * shape.Heads, shape.Heads), window);
        // [B*n, hidden]
        x = new DecoderPass(Decoder, AttendGated) { Leaving = new LastTokens(Target.Positions, t) }.Run(x);
        return Decoder.FinalNorm(x).MoveToOuterDisposeScope();
    }

    /// <summary>The gated outputs of a layer's heads.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">[B*Q, H*d], before rotary; the last Q of the T suffix tokens.</param>
    /// <param name="keys">[B*T, H_kv*d], before rotary.</param>
    /// <param name="values">[B*T, H_kv*d].</param>
    /// <param name="gates">[B, H].</param>
    /// <param name="window">What windows hide.</param>
    /// <returns>[B*Q, H*d].</returns>
    private torch.Tensor Attend(
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        torch.Tensor gates,
        WindowMask window
    )
    {
        using var scope = torch.NewDisposeScope();
        DecoderShape shape = Decoder.Shape;
        long b = gates.shape[0],
            n = queries.shape[0] / b, // Q
            t = Cache.Prompt.SuffixLength,
            kv = shape.KvHeads,
            g = shape.Group,
            d = shape.HeadDim;
        var suffix = SuffixOperands.Of(Cache, layer, b, queries, keys, values);
        var text = new TextKeys(
            Cache.Prefix(layer),
            suffix.Queries.bmm(Cache.Prefix(layer).Keys),
            suffix.Scores.reshape(kv, b * g * n, t),
            suffix.Values,
            b,
            g * n,
            Hidden(window.Of(layer, n), kv, b * g)
        );

        torch.Tensor open = Read(suffix.Queries, Cache.Image(layer), text); // [H_kv, B*G*Q, d]
        torch.Tensor closed = Read(suffix.Queries, Baseline.Image(layer), text);
        torch.Tensor gate = gates.view(b, kv, g, 1, 1).transpose(0, 1); // [H_kv, B, G, 1, 1]
        torch.Tensor heads = (gate * open.view(kv, b, g, n, d)).Plus(
            gate.neg().add(Scalars.One, Scalars.One) * closed.view(kv, b, g, n, d)
        ); // [H_kv, B, G, Q, d]
        return heads.permute(1, 3, 0, 2, 4).reshape(b * n, kv * g * d).MoveToOuterDisposeScope();
    }

    /// <summary>One softmax over prefix, image and suffix keys, and what it reads.</summary>
    /// <param name="queries">[H_kv, B*G*Q, d].</param>
    /// <param name="image">The image's keys and values, own or the baseline's; null = none (knockout).</param>
    /// <param name="text">Scores and values of the text around it.</param>
    /// <returns>[H_kv, B*G*Q, d].</returns>
    private static torch.Tensor Read(torch.Tensor queries, KeyValueBlock? image, TextKeys text)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor[] scores = image is null
            ? [text.PrefixScores, text.SuffixScores]
            : [text.PrefixScores, queries.bmm(image.Keys), text.SuffixScores];
        torch.Tensor all = torch.cat(scores, -1); // [H_kv, B*G*Q, keys]
        torch.Tensor weights = (text.Hidden?.On(all, image is not null) ?? all).softmax(-1);
        long prefix = text.Prefix.Length,
            suffix = text.SuffixScores.shape[2],
            kv = queries.shape[0],
            d = queries.shape[2];
        torch.Tensor read = weights.narrow(2, 0, prefix).bmm(text.Prefix.Values);
        if (image is not null)
        {
            read = read.Plus(weights.narrow(2, prefix, image.Length).bmm(image.Values));
        }

        torch.Tensor onSuffix = weights
            .narrow(2, weights.shape[2] - suffix, suffix)
            .reshape(kv, text.Points, text.Rows, suffix)
            .transpose(0, 1)
            .reshape(text.Points * kv, text.Rows, suffix);
        torch.Tensor fromSuffix = onSuffix
            .bmm(text.SuffixValues)
            .view(text.Points, kv, text.Rows, d)
            .transpose(0, 1)
            .reshape(kv, text.Points * text.Rows, d);
        return read.Plus(fromSuffix).MoveToOuterDisposeScope();
    }

    /// <summary>What a layer's window hides, or null.</summary>
    private WindowOfText? Hidden(torch.Tensor? hidden, long kv, long repeats) =>
        hidden is { } mask
            ? new WindowOfText(mask, Cache.Prompt.PrefixLength, Cache.Prompt.ImageLength, kv, repeats)
            : null;

    /// <summary>What open and closed gates share: the text's scores and values.</summary>
    /// <param name="Prefix">The prefix tokens.</param>
    /// <param name="PrefixScores">[H_kv, B*G*Q, S].</param>
    /// <param name="SuffixScores">[H_kv, B*G*Q, T], causal.</param>
    /// <param name="SuffixValues">[B*H_kv, T, d].</param>
    /// <param name="Points">B.</param>
    /// <param name="Rows">G*Q.</param>
    /// <param name="Hidden">What a window hides; null = nothing.</param>
    private sealed record TextKeys(
        KeyValueBlock Prefix,
        torch.Tensor PrefixScores,
        torch.Tensor SuffixScores,
        torch.Tensor SuffixValues,
        long Points,
        long Rows,
        WindowOfText? Hidden
    );

    /// <summary>What a window hides from the suffix.</summary>
    /// <param name="Mask">[Q, S + P + T], to be added to scores.</param>
    /// <param name="Prefix">S.</param>
    /// <param name="Image">P.</param>
    /// <param name="KvHeads">H_kv.</param>
    /// <param name="Repeats">B*G.</param>
    private sealed record WindowOfText(torch.Tensor Mask, int Prefix, int Image, long KvHeads, long Repeats)
    {
        /// <summary>[H_kv, B*G*Q, keys] -> the same, hidden keys at minus infinity.</summary>
        public torch.Tensor On(torch.Tensor scores, bool withImage)
        {
            long queries = Mask.shape[0];
            torch.Tensor mask = withImage
                ? Mask
                : torch.cat(
                    [Mask.narrow(1, 0, Prefix), Mask.narrow(1, Prefix + Image, Mask.shape[1] - Prefix - Image)],
                    1
                );
            return scores
                .view(KvHeads, Repeats, queries, mask.shape[1])
                .Plus(mask)
                .view(KvHeads, Repeats * queries, mask.shape[1]);
        }
    }
}
