using Microsoft.ML.Trainers.FastTree;
using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// beta of a tree ensemble g: the mean over observed masks of g(x with head n intact) - g(x with head n ablated). It
/// has the sign and the unit (phi) of a linear model's coefficient, and equals it where g is linear; permutation
/// importance has neither. Exact, by walking: only heads on a mask's path through a tree can change that tree's value.
/// </summary>
internal static class TreeEffects
{
    /// <summary>Mean effect of every head.</summary>
    /// <param name="trees">The ensemble.</param>
    /// <param name="masks">Observed masks, at least one.</param>
    /// <param name="heads">N.</param>
    /// <returns>[N], in units of phi.</returns>
    public static double[] Of(RegressionTreeEnsemble trees, IEnumerable<byte[]> masks, int heads)
    {
        var effects = new double[heads];
        int count = 0;
        foreach (var mask in masks)
        {
            for (int t = 0; t < trees.Trees.Count; t++)
            {
                AddTree(trees.Trees[t], trees.TreeWeights[t], mask, effects);
            }

            count++;
        }

        for (int n = 0; n < heads; n++)
        {
            effects[n] /= count;
        }

        return effects;
    }

    /// <summary>g(x).</summary>
    /// <param name="trees">The ensemble.</param>
    /// <param name="mask">x.</param>
    public static double Predict(RegressionTreeEnsemble trees, byte[] mask)
    {
        double sum = trees.Bias;
        for (int t = 0; t < trees.Trees.Count; t++)
        {
            var tree = trees.Trees[t];
            sum += trees.TreeWeights[t] * (tree.NumberOfNodes == 0 ? tree.LeafValues[0] : Leaf(tree, 0, mask));
        }

        return sum;
    }

    /// <summary>What one tree says, unweighted.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="features">x as numbers.</param>
    public static double Value(RegressionTree tree, float[] features)
    {
        int node = 0;
        while (node >= 0 && tree.NumberOfNodes > 0)
        {
            node =
                features[tree.NumericalSplitFeatureIndexes[node]] <= tree.NumericalSplitThresholds[node]
                    ? tree.LeftChild[node]
                    : tree.RightChild[node];
        }

        return tree.LeafValues[node < 0 ? ~node : 0];
    }

    private static void AddTree(RegressionTree tree, double weight, byte[] mask, double[] effects)
    {
        if (tree.NumberOfNodes == 0)
        {
            return;
        }

        double here = Leaf(tree, 0, mask);
        for (int node = 0; node >= 0;)
        {
            int head = tree.NumericalSplitFeatureIndexes[node];
            bool intact = HeadMasks.IsIntact(mask, head);
            int taken = Child(tree, node, intact),
                other = Child(tree, node, !intact);
            double there = Leaf(tree, other, mask, head, !intact);
            effects[head] += weight * (intact ? here - there : there - here);
            node = taken;
        }
    }

    /// <summary>
    /// Value of the leaf that is reached from <paramref name="node"/>; a negative node is the leaf ~node.
    /// </summary>
    private static double Leaf(RegressionTree tree, int node, byte[] mask, int fixedHead = -1, bool fixedValue = false)
    {
        while (node >= 0)
        {
            int head = tree.NumericalSplitFeatureIndexes[node];
            node = Child(tree, node, head == fixedHead ? fixedValue : HeadMasks.IsIntact(mask, head));
        }

        return tree.LeafValues[~node];
    }

    /// <summary>A feature at or below the threshold goes left.</summary>
    private static int Child(RegressionTree tree, int node, bool intact) =>
        (intact ? 1f : 0f) <= tree.NumericalSplitThresholds[node] ? tree.LeftChild[node] : tree.RightChild[node];
}
