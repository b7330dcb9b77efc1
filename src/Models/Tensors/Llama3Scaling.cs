namespace Pipelines.Models.Tensors;

/// <summary>
/// Llama 3.1's rotary scaling (<c>rope_type: llama3</c>): frequencies that turn less than <paramref name="Low"/> times
/// over the original context are divided, those that turn more than <paramref name="High"/> times stay, and between
/// them one goes over into the other.
/// </summary>
/// <param name="Factor">What slow frequencies are divided by.</param>
/// <param name="Low">low_freq_factor.</param>
/// <param name="High">high_freq_factor, above <paramref name="Low"/>.</param>
/// <param name="Original">original_max_position_embeddings.</param>
public sealed record Llama3Scaling(double Factor, double Low, double High, int Original)
{
    /// <summary>The scaled frequency.</summary>
    /// <param name="frequency">Radians a position.</param>
    public double Of(double frequency)
    {
        double turns = Original * frequency / (2 * Math.PI);
        double kept = Math.Clamp((turns - Low) / (High - Low), 0, 1); // 0 = divided, 1 = as it was
        return ((1 - kept) * frequency / Factor) + (kept * frequency);
    }
}
