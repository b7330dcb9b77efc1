using System.Globalization;
using Pipelines.Benchmarks;

switch (args)
{
    case ["linear", .. var rest]:
        LinearBenchmark.Run(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : Environment.ProcessorCount);
        return 0;
    default:
        Console.Error.WriteLine("usage: Benchmarks linear [threads]");
        return 2;
}
