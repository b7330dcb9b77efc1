using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The model's own run over the suffix, nothing ablated: logits, attention to the image, and the suffix tokens' keys
/// and values from which an answer is generated.
/// </summary>
public sealed class IntactRun : IDisposable
{
    private readonly PrefixCache cache;
    private readonly torch.Tensor[] keys; // a layer: [H_kv, T, d], rotated
    private readonly torch.Tensor[] values;
    private readonly torch.Tensor[] attention; // a layer: [H, T, P]
    private readonly torch.Tensor[] lastHeads; // a layer: [H, d], heads' outputs at the last position

    private IntactRun(
        PrefixCache cache,
        float[] logits,
        torch.Tensor[] keys,
        torch.Tensor[] values,
        torch.Tensor[] attention,
        torch.Tensor[] lastHeads
    )
    {
        this.cache = cache;
        Logits = logits;
        this.keys = keys;
        this.values = values;
        this.attention = attention;
        this.lastHeads = lastHeads;
    }

    /// <summary>[V], logits at the last position.</summary>
    public IReadOnlyList<float> Logits { get; }

    /// <summary>The token with the largest logit, the first of ties: the first token of the answer.</summary>
    public int Target => LargestOf(Logits);

    /// <summary>Log-probabilities at the last position, and the share of the whole mass that tokens have.</summary>
    public LogSoftmax Probabilities => new(Logits);

    /// <summary>Runs the suffix.</summary>
    /// <exception cref="InputException">A logit is not finite.</exception>
    public static IntactRun Compute(PrefixCache cache)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        Decoder decoder = cache.Decoder;
        using var oneThread = new OneTorchThread(decoder.Arithmetic);
        int layers = decoder.Shape.Layers;
        WindowMask window = cache.Window(cache.Prompt.SuffixLength);
        var keys = new torch.Tensor[layers];
        var values = new torch.Tensor[layers];
        var attention = new torch.Tensor[layers];
        var lastHeads = new torch.Tensor[layers];
        torch.Tensor AttendAndKeep(int layer, torch.Tensor asked, torch.Tensor keyRows, torch.Tensor valueRows)
        {
            torch.Tensor own = decoder.KeysOf(keyRows, cache.SuffixRotary[layer]), // [H_kv, T, d]
                ownValues = decoder.ValuesOf(valueRows);
            torch.Tensor queries = decoder.QueriesOf(asked, cache.SuffixRotary[layer]); // [H, T, d]
            torch.Tensor weights = Attend(cache, layer, queries, own, window); // [H, T, S + P + T]
            torch.Tensor heads = Read(cache, layer, weights, ownValues); // [H, T, d]
            keys[layer] = own.DetachFromDisposeScope();
            values[layer] = ownValues.DetachFromDisposeScope();
            attention[layer] = weights
                .narrow(2, cache.Prompt.PrefixLength, cache.Prompt.ImageLength)
                .contiguous()
                .DetachFromDisposeScope();
            lastHeads[layer] = heads.select(1, heads.shape[1] - 1).clone().DetachFromDisposeScope();
            return Decoder.ByRow(heads);
        }

        torch.Tensor x = new DecoderPass(decoder, AttendAndKeep).Run(cache.SuffixEmbeddings); // [T, hidden]
        return new IntactRun(
            cache,
            LogitsOf(decoder, x.narrow(0, x.shape[0] - 1, 1)),
            keys,
            values,
            attention,
            lastHeads
        );
    }

    /// <summary>Decoder layers, L.</summary>
    public int Layers => attention.Length;

    /// <summary>Attention weights a_ij of a layer: [H, T, P]; belongs to the run.</summary>
    public torch.Tensor Attention(int layer) => attention[layer];

    /// <summary>
    /// What the heads of a layer give at the last position, a V, over every token before it: [H, d]; belongs to the
    /// run.
    /// </summary>
    public torch.Tensor LastHeads(int layer) => lastHeads[layer];

    /// <summary>
    /// The part of <see cref="LastHeads"/> that is read from the image tokens: [H, d], owned by the caller's dispose
    /// scope.
    /// </summary>
    public torch.Tensor LastHeadsFromImage(int layer)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        torch.Tensor weights = attention[layer].narrow(1, attention[layer].shape[1] - 1, 1); // [H, 1, P]
        return Grouped(weights, cache.Decoder.Shape.Group)
            .bmm(cache.Image(layer).Values)
            .view(weights.shape[0], -1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Image attention weight of every head: (1/T) sum over suffix tokens i and image tokens j of a_ij (paper,
    /// attention criterion).
    /// </summary>
    /// <returns>[L, H].</returns>
    public double[,] ImageAttention()
    {
        DecoderShape shape = cache.Decoder.Shape;
        using var oneThread = new OneTorchThread(cache.Decoder.Arithmetic);
        double[,] weights = new double[shape.Layers, shape.Heads];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            using torch.Tensor wide = attention[layer].to(torch.ScalarType.Float64);
            using torch.Tensor sum = wide.sum([1, 2]); // [H]
            double[] heads = sum.cpu().data<double>().ToArray();
            for (int head = 0; head < shape.Heads; head++)
            {
                weights[layer, head] = heads[head] / cache.Prompt.SuffixLength;
            }
        }

        return weights;
    }

    /// <summary>Greedy answer: the largest logit's token, again and again (ties: the lowest id).</summary>
    /// <param name="maxTokens">Longest answer.</param>
    /// <param name="endTokens">Tokens that end the answer; the one met is the last of the result.</param>
    public IReadOnlyList<int> Generate(int maxTokens, IReadOnlySet<int> endTokens)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(cache.Decoder.Arithmetic);
        var answer = new List<int> { Target };
        torch.Tensor[] grownKeys = [.. keys];
        torch.Tensor[] grownValues = [.. values];
        using LayerRotary rotary = cache.Decoder.Rotary(cache.Positions.Following(maxTokens));
        while (answer.Count < maxTokens && !endTokens.Contains(answer[^1]))
        {
            cache.Decoder.Shape.Limit?.Require(cache.Prompt.Length + answer.Count, "the prompt with its answer");
            answer.Add(LargestOf(Next(answer[^1], rotary.Slice(answer.Count - 1, 1), grownKeys, grownValues, scope)));
        }

        return answer;
    }

    /// <summary>
    /// The log-probability of each token of a continuation behind those before it (teacher forcing): which spelling of
    /// an answer the model would write. The last token is not fed.
    /// </summary>
    /// <param name="tokens">Tokens behind the prompt; one that equals the image token is text.</param>
    /// <returns>One a token, over every row of the unembedding.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A token is not a row.</exception>
    public IReadOnlyList<double> LogProbabilities(IReadOnlyList<int> tokens)
    {
        if (tokens.Count == 0)
        {
            return [];
        }

        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(cache.Decoder.Arithmetic);
        cache.Decoder.Shape.Limit?.Require(cache.Prompt.Length + tokens.Count - 1, "the prompt with its answer");
        torch.Tensor[] grownKeys = [.. keys];
        torch.Tensor[] grownValues = [.. values];
        using LayerRotary rotary = cache.Decoder.Rotary(cache.Positions.Following(tokens.Count));
        IReadOnlyList<float> logits = Logits;
        var found = new List<double>(tokens.Count);
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i > 0)
            {
                logits = Next(tokens[i - 1], rotary.Slice(i - 1, 1), grownKeys, grownValues, scope);
            }

            found.Add(new LogSoftmax(logits).Of(tokens[i]));
        }

        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in keys.Concat(values).Concat(attention).Concat(lastHeads))
        {
            tensor.Dispose();
        }
    }

    /// <summary>One more token after all that came before; its keys and values are appended.</summary>
    /// <param name="token">The token.</param>
    /// <param name="rotary">Tables of its position.</param>
    /// <param name="grownKeys">Keys of all before it behind the image, a layer: [H_kv, own, d].</param>
    /// <param name="grownValues">Values likewise.</param>
    /// <param name="kept">Where what is appended lives on.</param>
    /// <returns>[V], logits at its position.</returns>
    private float[] Next(
        int token,
        LayerRotary rotary,
        torch.Tensor[] grownKeys,
        torch.Tensor[] grownValues,
        DisposeScope kept
    )
    {
        Decoder decoder = cache.Decoder;
        using var scope = torch.NewDisposeScope();
        torch.Tensor Grown(torch.Tensor before, torch.Tensor added)
        {
            torch.Tensor grown = torch.cat([before, added], 1).DetachFromDisposeScope();
            kept.Attach(grown);
            return grown;
        }

        WindowMask window = cache.Window((int)grownKeys[0].shape[1] + 1, queries: 1);
        torch.Tensor AppendAndAttend(int layer, torch.Tensor asked, torch.Tensor key, torch.Tensor value)
        {
            grownKeys[layer] = Grown(grownKeys[layer], decoder.KeysOf(key, rotary[layer]));
            grownValues[layer] = Grown(grownValues[layer], decoder.ValuesOf(value));
            torch.Tensor queries = decoder.QueriesOf(asked, rotary[layer]); // [H, 1, d]
            torch.Tensor weights = Attend(cache, layer, queries, grownKeys[layer], window);
            return Decoder.ByRow(Read(cache, layer, weights, grownValues[layer]));
        }

        torch.Tensor x = new DecoderPass(decoder, AppendAndAttend).Run(decoder.Embed([token])); // [1, hidden]
        return LogitsOf(decoder, x);
    }

    /// <summary>Attention weights of the last queries of a sequence over prefix, image and all that follows.</summary>
    /// <returns>[H, Q, S + P + own].</returns>
    private static torch.Tensor Attend(
        PrefixCache cache,
        int layer,
        torch.Tensor queries,
        torch.Tensor own,
        WindowMask window
    )
    {
        using var scope = torch.NewDisposeScope();
        int group = cache.Decoder.Shape.Group;
        // [H_kv, G*Q, d]
        torch.Tensor q = Grouped(queries, group).mul(Scalars.Of(1 / Math.Sqrt(cache.Decoder.Shape.ScoreScalar)));
        // [H, Q, own]
        torch.Tensor ownScores = q.bmm(own.transpose(1, 2)).view(queries.shape[0], queries.shape[1], own.shape[1]);
        torch.Tensor scores = torch.cat(
            [
                q.bmm(cache.Prefix(layer).Keys).view(queries.shape[0], queries.shape[1], -1),
                q.bmm(cache.Image(layer).Keys).view(queries.shape[0], queries.shape[1], -1),
                ownScores.Plus(CausalMask.Of(queries.shape[1], own.shape[1], ownScores)),
            ],
            -1
        );
        torch.Tensor? hidden = window.Of(layer, queries.shape[1]);
        return (hidden is null ? scores : scores.Plus(hidden)).softmax(-1).MoveToOuterDisposeScope();
    }

    private static torch.Tensor Read(PrefixCache cache, int layer, torch.Tensor weights, torch.Tensor ownValues)
    {
        using var scope = torch.NewDisposeScope();
        // [H_kv, S + P + own, d]
        torch.Tensor values = torch.cat([cache.Prefix(layer).Values, cache.Image(layer).Values, ownValues], 1);
        return Grouped(weights, cache.Decoder.Shape.Group)
            .bmm(values)
            .view(weights.shape[0], weights.shape[1], -1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>[H, rows, n] -> [H_kv, G*rows, n]: query head h reads kv head h / G.</summary>
    private static torch.Tensor Grouped(torch.Tensor heads, int group) =>
        heads.reshape(heads.shape[0] / group, group * heads.shape[1], heads.shape[2]);

    private static float[] LogitsOf(Decoder decoder, torch.Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        float[] logits = decoder.Logits(x)[0].to(torch.ScalarType.Float32).cpu().data<float>().ToArray();
        decoder.RequireFinite<float>(logits);
        return logits;
    }

    private static int LargestOf(IReadOnlyList<float> logits)
    {
        int largest = 0;
        for (int i = 1; i < logits.Count; i++)
        {
            if (logits[i] > logits[largest])
            {
                largest = i;
            }
        }

        return largest;
    }
}
