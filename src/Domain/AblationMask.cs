namespace Pipelines.Domain;

/// <summary>
/// What is intact: in head n, suffix query i reads image token j as it is iff x_n u_i v_j = 1, else key j and value j
/// come from the baseline, inside one softmax. Bits as <see cref="HeadMasks"/> lays them out.
/// </summary>
/// <param name="Heads">x, N bits.</param>
/// <param name="Text">u, T bits; null = all intact.</param>
/// <param name="Image">v, P bits; null = all intact.</param>
public sealed record AblationMask(byte[] Heads, byte[]? Text = null, byte[]? Image = null)
{
    /// <summary>Every token intact: head ablation only.</summary>
    public bool HeadsOnly => Text is null && Image is null;
}
