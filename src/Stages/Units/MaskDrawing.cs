using Pipelines.Domain;

namespace Pipelines.Stages.Units;

/// <summary>How the masks of a scope are drawn: mask i is a pure function of this and i.</summary>
/// <param name="Seed">Seed of the masks.</param>
/// <param name="Scope">Whose they are: a sample's id, or a name that several share.</param>
/// <param name="Heads">N.</param>
/// <param name="Ablate">Share of heads ablated, p.</param>
/// <param name="Draw">How they are drawn.</param>
public sealed record MaskDrawing(int Seed, string Scope, int Heads, double Ablate, MaskDraw Draw)
{
    /// <summary>Masks first, first + 1, ...: ceil(N/8) bytes each.</summary>
    public byte[][] Masks(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => HeadMasks.Draw(Seed, Scope, i, Heads, Ablate, Draw))];
}
