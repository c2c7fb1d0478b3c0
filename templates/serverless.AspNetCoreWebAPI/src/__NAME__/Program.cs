namespace __NAMESPACE__;

/// <summary>
/// The one way into the executable. Lambda starts it because the handler in serverless.template is the name of the
/// assembly, <c>__NAME__</c>; on your machine <c>dotnet run</c> does.
/// </summary>
public static class Program
{
    public static Task Main(string[] args)
    {
        return IsLambda() ? LambdaEntryPoint.RunAsync() : LocalEntryPoint.RunAsync(args);
    }

    /// <summary>Lambda sets this variable in every execution environment.</summary>
    private static bool IsLambda()
    {
        return !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("AWS_LAMBDA_FUNCTION_NAME"));
    }
}
