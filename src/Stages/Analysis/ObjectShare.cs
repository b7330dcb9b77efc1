using Pipelines.Models.Vision;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// How much of what image tokens carry lies on an object (paper, 5.2), beside the share of the tokens that it covers.
/// </summary>
/// <param name="Area">Mean over the tokens that have a place of the share of the token's region that the object
/// covers: what a score spread evenly over the tokens would give.</param>
/// <param name="Beta">Share of the positive beta; null where there is none.</param>
/// <param name="Attention">Share of the positive weighted attention; null where there is none.</param>
internal sealed record ObjectShare(double Area, double? Beta, double? Attention)
{
    /// <summary>
    /// Lays an object over the tokens. A token that it covers in part counts by that part; tokens without a place
    /// count for nothing.
    /// </summary>
    /// <param name="regions">Place of each image token, [P].</param>
    /// <param name="box">The object.</param>
    /// <param name="beta">beta of each image token, [P]; empty where they are not attributed.</param>
    /// <param name="attention">Weighted attention of each image token, [P].</param>
    /// <returns>Null where no token has a place or the object covers none of them: nothing can be said.</returns>
    public static ObjectShare? Of(
        IReadOnlyList<PictureRegion?> regions,
        PictureRegion box,
        IReadOnlyList<double> beta,
        IReadOnlyList<double> attention
    )
    {
        double[] covered = [.. regions.Select(r => r?.CoveredBy(box) ?? 0)];
        int placed = regions.Count(r => r is not null);
        double area = placed == 0 ? 0 : covered.Sum() / placed;
        return area > 0 ? new ObjectShare(area, OnObject(beta), OnObject(attention)) : null;

        double? OnObject(IReadOnlyList<double> scores)
        {
            double all = 0,
                on = 0;
            for (int j = 0; j < scores.Count; j++)
            {
                double positive = regions[j] is null ? 0 : Math.Max(0, scores[j]);
                (all, on) = (all + positive, on + (positive * covered[j]));
            }

            return all > 0 ? on / all : null;
        }
    }
}
