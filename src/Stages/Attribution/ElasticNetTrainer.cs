using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// What the elastic-net trainer gives: ML.NET's linear model (float) and the fit it was made from (double).
/// </summary>
/// <param name="Transformer">Adds the column <c>Score</c>; saves and loads as any linear regression of ML.NET.</param>
/// <param name="Fit">Coefficients in double precision, sweeps and gap.</param>
internal sealed record TrainedElasticNet(
    RegressionPredictionTransformer<LinearRegressionModelParameters> Transformer,
    ElasticNetFit Fit
);

/// <summary>
/// The elastic net as an ML.NET trainer: fits in pipelines, cross-validation and evaluation like ML.NET's own. Features
/// must be 0 or 1.
/// </summary>
/// <param name="ml">The context.</param>
/// <param name="settings">Penalty and stopping rule.</param>
/// <param name="labelColumn">A float or double column.</param>
/// <param name="featureColumn">A vector of floats.</param>
internal sealed class ElasticNetTrainer(
    MLContext ml,
    ElasticNetSettings settings,
    string labelColumn = MaskDataView.Phi,
    string featureColumn = MaskDataView.Features
) : ITrainerEstimator<RegressionPredictionTransformer<LinearRegressionModelParameters>, LinearRegressionModelParameters>
{
    /// <inheritdoc/>
    public TrainerInfo Info { get; } =
        Internals.NewTrainerInfo(
            normalization: false,
            calibration: false,
            caching: false,
            supportValid: false,
            supportIncrementalTrain: false,
            supportTest: false
        );

    /// <inheritdoc/>
    public RegressionPredictionTransformer<LinearRegressionModelParameters> Fit(IDataView input) =>
        Train(input).Transformer;

    /// <summary>Fits, and keeps what ML.NET's model cannot hold.</summary>
    /// <param name="input">At least one row.</param>
    public TrainedElasticNet Train(IDataView input)
    {
        var features = input.Schema[featureColumn];
        int count = ((VectorDataViewType)features.Type).Size;
        var y = new List<double>();
        var columns = MaskColumns.Of(Rows(input, count, y), count);
        var fit = ElasticNet.Fit(columns, CollectionsMarshal.AsSpan(y), settings);
        return new TrainedElasticNet(
            LinearModel(ml, fit.Coefficients, fit.Intercept, input.Schema, featureColumn),
            fit
        );
    }

    /// <summary>A linear model of ML.NET with given coefficients.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="coefficients">[N].</param>
    /// <param name="intercept">b.</param>
    /// <param name="schema">Of the data it will be given.</param>
    /// <param name="features">A vector of N floats.</param>
    public static RegressionPredictionTransformer<LinearRegressionModelParameters> LinearModel(
        MLContext ml,
        double[] coefficients,
        double intercept,
        DataViewSchema schema,
        string features = MaskDataView.Features
    )
    {
        var weights = new VBuffer<float>(coefficients.Length, Array.ConvertAll(coefficients, w => (float)w));
        return Internals<LinearRegressionModelParameters>.NewTransformer(
            ml,
            Internals.NewLinearModel(ml, in weights, (float)intercept),
            schema,
            features
        );
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        // Columns of a SchemaShape cannot be made from outside; a built-in trainer adds the same Score column.
        var builtIn = ml.Regression.Trainers.OnlineGradientDescent(MaskDataView.Label, featureColumn);
        var score = builtIn.GetOutputSchema(inputSchema).First(c => c.Name == ScoreColumn);
        return new SchemaShape([.. inputSchema.Where(c => c.Name != ScoreColumn), score]);
    }

    private const string ScoreColumn = "Score";

    /// <summary>The features as bits; their labels go to <paramref name="y"/>.</summary>
    private IEnumerable<byte[]> Rows(IDataView input, int count, List<double> y)
    {
        var features = input.Schema[featureColumn];
        var label = input.Schema[labelColumn];
        using var cursor = input.GetRowCursor([features, label]);
        var getFeatures = cursor.GetGetter<VBuffer<float>>(features);
        var getLabel = LabelGetter(cursor, label);
        VBuffer<float> values = default;
        while (cursor.MoveNext())
        {
            getFeatures(ref values);
            y.Add(getLabel());
            yield return Pack(values, count);
        }
    }

    private static Func<double> LabelGetter(DataViewRowCursor cursor, DataViewSchema.Column label)
    {
        if (label.Type == NumberDataViewType.Double)
        {
            var getDouble = cursor.GetGetter<double>(label);
            return () =>
            {
                double value = 0;
                getDouble(ref value);
                return value;
            };
        }

        var getSingle = cursor.GetGetter<float>(label);
        return () =>
        {
            float value = 0;
            getSingle(ref value);
            return value;
        };
    }

    private static byte[] Pack(in VBuffer<float> values, int count)
    {
        byte[] row = HeadMasks.None(count);
        foreach (var (j, value) in values.Items())
        {
            if (value == 1)
            {
                HeadMasks.Keep(row, j);
            }
            else if (value != 0)
            {
                throw new InvalidOperationException(
                    Invariant.Text($"Feature {j} is {value}: the elastic net takes columns of 0 and 1.")
                );
            }
        }

        return row;
    }
}

/// <summary>
/// Constructors of ML.NET that are not public, bound when compiled: without them a trainer outside its assemblies
/// cannot make its own linear model.
/// </summary>
internal static class Internals
{
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    public static extern LinearRegressionModelParameters NewLinearModel(
        IHostEnvironment env,
        in VBuffer<float> weights,
        float bias
    );

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    public static extern TrainerInfo NewTrainerInfo(
        bool normalization,
        bool calibration,
        bool caching,
        bool supportValid,
        bool supportIncrementalTrain,
        bool supportTest
    );
}

/// <summary>As <see cref="Internals"/>; an accessor of a generic type must sit in a generic class.</summary>
internal static class Internals<TModel>
    where TModel : class
{
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    public static extern RegressionPredictionTransformer<TModel> NewTransformer(
        IHostEnvironment env,
        TModel model,
        DataViewSchema schema,
        string featureColumn
    );
}
