using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Stages.Analysis;

/// <summary>A vocabulary item.</summary>
/// <param name="Token">Id; a row of the unembedding.</param>
/// <param name="Logit">Its logit.</param>
internal readonly record struct LensItem(int Token, double Logit);

/// <summary>
/// Logit lens of single heads (paper, Fig. 8): what head n adds to the residual stream at the last position of the
/// intact run, a^n V^n W_O^n, goes alone through the final norm and the unembedding. Where the layer norms what its
/// heads write together (<see cref="DecoderShape.PostNorms"/>), that norm's scale is held at the intact run's.
/// </summary>
internal static class HeadLens
{
    /// <summary>The items of largest logit, for every head asked for.</summary>
    /// <param name="cache">Prefix and image of the sample.</param>
    /// <param name="run">Its intact run.</param>
    /// <param name="heads">Heads, n = l*H + h.</param>
    /// <param name="imageOnly">Only what the head reads from the image tokens counts.</param>
    /// <param name="count">Items a head; all where the vocabulary is smaller.</param>
    /// <returns>[heads][count], falling logits; of equal ones the lower id first.</returns>
    public static IReadOnlyList<IReadOnlyList<LensItem>> Top(
        PrefixCache cache,
        IntactRun run,
        IReadOnlyList<int> heads,
        bool imageOnly,
        int count
    )
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        Decoder decoder = cache.Decoder;
        using var oneThread = new OneTorchThread(decoder.Arithmetic);
        // [heads, hidden]
        torch.Tensor written = torch.cat([.. heads.Select(n => Written(decoder, run, n, imageOnly))], 0);
        torch.Tensor logits = decoder.Logits(written).to(torch.ScalarType.Float32).cpu().contiguous(); // [heads, V]
        int rows = (int)logits.shape[1];
        float[] all = logits.data<float>().ToArray();
        return [.. Enumerable.Range(0, heads.Count).Select(i => Largest(all.AsSpan(i * rows, rows), count))];
    }

    /// <summary>a^n V^n W_O^n.</summary>
    /// <returns>[1, hidden].</returns>
    private static torch.Tensor Written(Decoder decoder, IntactRun run, int n, bool imageOnly)
    {
        DecoderShape shape = decoder.Shape;
        int layer = n / shape.Heads,
            head = n % shape.Heads;
        torch.Tensor outputs = imageOnly ? run.LastHeadsFromImage(layer) : run.LastHeads(layer); // [H, d]
        torch.Tensor alone = torch.zeros_like(outputs);
        alone[head].copy_(outputs[head]);
        return decoder.Layers[layer].Written(alone.view(1, -1), run.LastHeads(layer).view(1, -1));
    }

    private static LensItem[] Largest(ReadOnlySpan<float> logits, int count)
    {
        float[] keys = new float[logits.Length];
        int[] ids = new int[logits.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            (keys[i], ids[i]) = (-logits[i], i);
        }

        return
        [
            .. ids.Zip(keys)
                .OrderBy(p => p.Second)
                .ThenBy(p => p.First)
                .Take(count)
                .Select(p => new LensItem(p.First, -p.Second)),
        ];
    }
}
