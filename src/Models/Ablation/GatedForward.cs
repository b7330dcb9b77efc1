using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The suffix with a gate per head, and its gradient: o_n(x_n) = x_n o_n(own keys and values) + (1 - x_n)
/// o_n(baseline's), both from the same queries, each with its own softmax. For x in {0,1}^N f(x) is head ablation
/// exactly; in between it is differentiable, and one backward pass gives df/dx_n of all N heads. As in
/// <see cref="SuffixForward"/> prefix and image cost nothing, the last layer only the last positions. Immutable: worker
/// threads may share one and call it at the same time.
/// </summary>
public sealed class GatedForward
{
    private readonly PrefixCache cache;
    private readonly BaselineBlocks baseline;
    private readonly Decoder decoder;
    private readonly OutputMeasure target;

    /// <summary>Prepares a sample.</summary>
    /// <param name="cache">Prefix and image, computed by a model with <see cref="LinearChoice.Torch"/>: the packed
    /// kernels are forward only. Must outlive this.</param>
    /// <param name="baseline">What closed gates see; must outlive this.</param>
    /// <param name="target">Measures f, at the last n positions.</param>
    /// <param name="batch">Points computed together; 0 = <see cref="BatchOf"/>. Changes time and memory; results not
    /// beyond rounding.</param>
    public GatedForward(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch = 0)
    {
        target.RequireGiven(cache.Prompt);
        this.cache = cache;
        this.baseline = baseline;
        this.target = target;
        decoder = cache.Decoder;
        if (decoder.Arithmetic.Linear != LinearChoice.Torch)
        {
            throw new ArgumentException("gradients need a model with libtorch's linear layers", nameof(cache));
        }

        Batch = batch > 0 ? batch : BatchOf(decoder.Shape, cache.Prompt);
    }

    /// <summary>Points computed together.</summary>
    public int Batch { get; }

    /// <summary>
    /// Points a batch: a pure function of the decoder's shape and the prompt, by what the backward pass keeps of the
    /// forward pass.
    /// </summary>
    /// <param name="shape">The decoder.</param>
    /// <param name="prompt">The prompt.</param>
    public static int BatchOf(DecoderShape shape, PromptTokens prompt)
    {
        const long keptBudget = 512L << 20; // bytes
        long rows = prompt.SuffixLength;
        long features = (12L * shape.Hidden) + (4L * shape.Intermediate); // a row's activations in a layer
        long attention = 6L * shape.Heads * prompt.Length; // scores, weights and their like, twice
        return (int)Math.Clamp(keptBudget / (4L * shape.Layers * rows * (features + attention)), 1, 16);
    }

    /// <summary>f and its gradient at some points.</summary>
    /// <param name="gates">Each x of N numbers; a mask is a point of zeros and ones.</param>
    /// <returns>One a point, in order.</returns>
    public IReadOnlyList<GatedLogit> Gradients(IReadOnlyList<double[]> gates)
    {
        var found = new List<GatedLogit>(gates.Count);
        foreach (double[][] batch in gates.Chunk(Batch))
        {
            using var scope = torch.NewDisposeScope();
            using var withGradient = torch.enable_grad();
            torch.Tensor x = Gates(batch).requires_grad_(); // [B, N]
            torch.Tensor normed = Run(x); // [B*n, hidden]
            // In closed form: no graph goes through the vocabulary
            (double[] logits, torch.Tensor slope) = target.WithSlope(normed.detach());
            // The points do not touch each other: row b holds the gradient of f_b
            normed.backward([slope]);
            decoder.RequireFinite<double>(logits);
            double[] gradients = Doubles(x.grad!);
            int n = decoder.Shape.TotalHeads;
            found.AddRange(logits.Select((value, b) => new GatedLogit(value, gradients.AsSpan(b * n, n).ToArray())));
        }

        return found;
    }

    /// <summary>f alone.</summary>
    /// <inheritdoc cref="Gradients"/>
    public double[] Logits(IReadOnlyList<double[]> gates)
    {
        using var noGradient = torch.no_grad();
        var found = new List<double>(gates.Count);
        foreach (double[][] batch in gates.Chunk(Batch))
        {
            using var scope = torch.NewDisposeScope();
            found.AddRange(target.Of(Run(Gates(batch))));
        }

        return [.. found];
    }

    /// <summary>A head mask as a point: 1 = intact.</summary>
    /// <param name="mask">ceil(N/8) bytes.</param>
    /// <param name="heads">N.</param>
    public static double[] PointOf(byte[] mask, int heads) =>
        [.. Enumerable.Range(0, heads).Select(n => HeadMasks.IsIntact(mask, n) ? 1.0 : 0.0)];

    private torch.Tensor Gates(double[][] points)
    {
        int n = decoder.Shape.TotalHeads;
        if (Array.Find(points, p => p.Length != n) is { } wrong)
        {
            throw new ArgumentException($"a point of {wrong.Length} gates for {n} heads", nameof(points));
        }

        return torch.tensor(
            [.. points.SelectMany(p => p)],
            [points.Length, n],
            dtype: decoder.Arithmetic.Compute,
            device: decoder.Arithmetic.Device
        );
    }

    /// <summary>The suffix of B points.</summary>
    /// <param name="gates">[B, N].</param>
    /// <returns>[B*n, hidden], what leaves the final norm at the last n positions.</returns>
    private torch.Tensor Run(torch.Tensor gates)
    {
        using var scope = torch.NewDisposeScope();
        DecoderShape shape = decoder.Shape;
        long b = gates.shape[0],
            t = cache.Prompt.SuffixLength;
        // [B*T, hidden]
        torch.Tensor x = cache.SuffixEmbeddings.expand(b, t, shape.Hidden).reshape(b * t, shape.Hidden);
        torch.Tensor AttendGated(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values) =>
            Attend(layer, queries, keys, values, gates.narrow(1, (long)layer * shape.Heads, shape.Heads));
        // [B*n, hidden]
        x = new DecoderPass(decoder, AttendGated) { Leaving = new LastTokens(target.Positions, t) }.Run(x);
        return decoder.FinalNorm(x).MoveToOuterDisposeScope();
    }

    /// <summary>The gated outputs of a layer's heads.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">[B*Q, H*d], before rotary; the last Q of the T suffix tokens.</param>
    /// <param name="keys">[B*T, H_kv*d], before rotary.</param>
    /// <param name="values">[B*T, H_kv*d].</param>
    /// <param name="gates">[B, H].</param>
    /// <returns>[B*Q, H*d].</returns>
    private torch.Tensor Attend(
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        torch.Tensor gates
    )
    {
        using var scope = torch.NewDisposeScope();
        DecoderShape shape = decoder.Shape;
        Rotary rotary = cache.SuffixRotary[layer];
        long b = gates.shape[0],
            t = cache.Prompt.SuffixLength,
            kv = shape.KvHeads,
            g = shape.Group,
            d = shape.HeadDim;
        long n = queries.shape[0] / b; // Q
        torch.Tensor q = rotary
            .Slice(t - n, n)
            .Apply(queries.view(b, n, kv * g, d).transpose(1, 2))
            .mul(Scalars.Of(1 / Math.Sqrt(shape.ScoreScalar)))
            .contiguous(); // [B, H, Q, d]
        torch.Tensor k = rotary.Apply(keys.view(b, t, kv, d).transpose(1, 2)); // [B, H_kv, T, d]
        torch.Tensor v = values.view(b, t, kv, d).transpose(1, 2); // [B, H_kv, T, d]
        // Kv head first: its keys serve all points
        torch.Tensor shared = q.view(b, kv, g, n, d).transpose(0, 1).reshape(kv, b * g * n, d);
        torch.Tensor own = q.reshape(b * kv, g * n, d);
        torch.Tensor onSuffix = own.bmm(k.reshape(b * kv, t, d).transpose(1, 2))
            .view(b, kv, g, n, t)
            .Plus(CausalMask.Of(n, t, q)); // [B, H_kv, G, Q, T]
        var text = new TextKeys(
            cache.Prefix(layer),
            shared.bmm(cache.Prefix(layer).Keys),
            onSuffix.transpose(0, 1).reshape(kv, b * g * n, t),
            v.reshape(b * kv, t, d),
            b,
            g * n,
            Hidden(layer, n, t, kv, b * g, q)
        );

        torch.Tensor open = Read(shared, cache.Image(layer), text); // [H_kv, B*G*Q, d]
        torch.Tensor closed = Read(shared, baseline.Image(layer), text);
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
    private WindowOfText? Hidden(int layer, long n, long t, long kv, long repeats, torch.Tensor like) =>
        cache.WindowMask(layer, n, t, like) is { } mask
            ? new WindowOfText(mask, cache.Prompt.PrefixLength, cache.Prompt.ImageLength, kv, repeats)
            : null;

    private static double[] Doubles(torch.Tensor x) =>
        x.to(torch.ScalarType.Float64).cpu().contiguous().data<double>().ToArray();

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

/// <summary>f at a point and its gradient.</summary>
/// <param name="F">As the target measures it.</param>
/// <param name="Gradient">df/dx_n, [N].</param>
public sealed record GatedLogit(double F, double[] Gradient);
