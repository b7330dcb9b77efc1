using System.Globalization;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>
/// What is particular to a decoder, where one asks what a head is and what ablating it takes away: said by <c>check</c>
/// and by the report.
/// </summary>
public static class ModelRemarks
{
    /// <summary>Sentences; none for a decoder whose heads all have keys of their own and add up.</summary>
    public static IReadOnlyList<string> Of(DecoderShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var remarks = new List<string>();
        if (shape.Group > 1)
        {
            remarks.Add(
                Invariant.Text($"A head is a query head: {shape.Group} of them share a key/value head, and ")
                    + "ablating one leaves the others their view of the image."
            );
        }

        if (shape.PostNorms)
        {
            remarks.Add(
                "What the heads of a layer write passes a norm together, so that heads do not add up in the residual "
                    + "stream; the logit lens holds that norm's scale at the intact run's."
            );
        }

        if (shape.DeepStackLayers > 0)
        {
            string layers = string.Join(
                ", ",
                Enumerable.Range(0, shape.DeepStackLayers).Select(n => n.ToString(CultureInfo.InvariantCulture))
            );
            remarks.Add(
                "DeepStack: further features of the vision tower are added to the image tokens behind decoder layer "
                    + $"{layers}. They reach later layers through all heads' keys and values and belong to no head."
            );
        }

        if (shape.ImageSeesItself)
        {
            remarks.Add("Image tokens see each other both ways; their keys and values are computed once, as a block.");
        }

        if (shape.Sliding is { } sliding)
        {
            int slides = sliding.Slides.Count(s => s);
            remarks.Add(
                Invariant.Text($"In {slides} of {shape.Layers} layers a token sees the last {sliding.Window} tokens ")
                    + "only; in longer prompts image tokens before them stay unseen, intact or ablated."
            );
        }

        return remarks;
    }
}
