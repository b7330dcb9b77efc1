namespace Pipelines.Stages.Reporting;

/// <summary>Labels that avoid each other: who comes first has the place.</summary>
internal sealed class Labels
{
    private readonly List<(double Left, double Right, double Y)> taken = [];

    /// <summary>Takes the place of a label where it is free.</summary>
    /// <param name="left">Left end.</param>
    /// <param name="right">Right end.</param>
    /// <param name="y">Base line.</param>
    /// <param name="height">Of a line.</param>
    /// <param name="gap">Least distance to the next label in the line.</param>
    public bool Take(double left, double right, double y = 0, double height = 0, double gap = 0)
    {
        bool isFree = taken.TrueForAll(t => t.Right + gap < left || t.Left - gap > right || Math.Abs(t.Y - y) > height);
        if (isFree)
        {
            taken.Add((left, right, y));
        }

        return isFree;
    }
}
